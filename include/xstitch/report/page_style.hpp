#pragma once
/// \file
/// How a report looks: colours for light and dark, and widths from a telephone's up. The colours of curves are told
/// apart by people with any colour vision (after Okabe and Ito).

#include <xstitch/core/isa.hpp>

#include <string_view>

namespace xstitch::inline XSTITCH_ISA::report {

/// Colours, as variables: of the page, its text, and of curves.
inline constexpr std::string_view colour_style =
    R"(
:root{--paper:#fff;--ink:#1f2933;--soft:#52606d;--rule:#d3dae1;--card:#f7f9fb;--link:#1d5fa8;
--s0:#0072b2;--s1:#d55e00;--s2:#00855f;--s3:#b4568f;--s4:#b87f00;--s5:#3d9bd1;--s6:#6a51a3;--s7:#5c6670}
@media (prefers-color-scheme:dark){:root{--paper:#14181d;--ink:#e4e7eb;--soft:#a9b4bf;--rule:#38414b;--card:#1b2127;
--link:#7db7f0;--s0:#56a8e0;--s1:#f08a4b;--s2:#3fc39a;--s3:#e191c1;--s4:#e6b53c;--s5:#9ad1f2;--s6:#ab97e0;--s7:#a9b4bf}}
)";

/// What is inside of a plot.
inline constexpr std::string_view plot_style =
    R"(.plot text{font-size:11px;fill:var(--soft)}
.plot .title{font-size:12px}.plot .end{text-anchor:end}.plot .middle{text-anchor:middle}
.plot .label{font-size:10px;fill:var(--ink)}
.grid,.tick,.zero{fill:none;stroke:var(--rule);stroke-width:1}.tick,.zero{stroke:var(--soft)}
.curve{fill:none;stroke-width:1.8;stroke-linejoin:round}.bar{stroke-width:1.5}
.dashed{stroke-dasharray:5 3}
.band{stroke:none!important;opacity:.16}.dot{stroke:none!important}
.s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}
.s4{stroke:var(--s4)}.s5{stroke:var(--s5)}.s6{stroke:var(--s6)}.s7{stroke:var(--s7)}
.band.s0,.dot.s0{fill:var(--s0)}.band.s1,.dot.s1{fill:var(--s1)}.band.s2,.dot.s2{fill:var(--s2)}
.band.s3,.dot.s3{fill:var(--s3)}.band.s4,.dot.s4{fill:var(--s4)}.band.s5,.dot.s5{fill:var(--s5)}
.band.s6,.dot.s6{fill:var(--s6)}.band.s7,.dot.s7{fill:var(--s7)}
)";

/// The rest of a page.
inline constexpr std::string_view page_style =
    R"(*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:1160px;padding:16px 20px 48px;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.25;margin:.4em 0 .2em}
h2{font-size:1.25rem;margin:2em 0 .6em;padding-bottom:.2em;border-bottom:1px solid var(--rule)}
h3{font-size:1rem;margin:1.6em 0 .4em}
p{margin:.5em 0;max-width:75ch}
header>p,.note,figcaption{color:var(--soft)}
.note{font-size:.875rem}
nav a{display:inline-block;margin:0 .9em .3em 0;color:var(--link)}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,360px),1fr));gap:14px;margin:10px 0}
.card{margin:0;padding:10px;background:var(--card);border:1px solid var(--rule);border-radius:6px;min-width:0}
.card>figcaption{font-weight:600;color:var(--ink);font-size:.9375rem;margin-bottom:4px}
.drawing{margin:12px 0}
.wide{overflow-x:auto;max-width:100%}
.drawing svg{display:block;max-width:none}
.plot{display:block;width:100%;height:auto}
)"
    R"(.legend{display:flex;flex-wrap:wrap;gap:2px 16px;list-style:none;margin:4px 0 0;padding:0;font-size:.8125rem}
.legend li{display:flex;align-items:center;gap:6px}
.key{width:20px;height:10px;flex:none}.swatch{width:14px;height:14px;border-radius:3px;border:1px solid var(--rule)}
table{border-collapse:collapse;overflow-wrap:normal;font-size:.9375rem;font-variant-numeric:tabular-nums}
th,td{padding:5px 12px 5px 0;text-align:left;border-bottom:1px solid var(--rule);white-space:nowrap}
tbody th{font-weight:400}
.right{text-align:right;padding:5px 0 5px 12px}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:10px 0 18px}
.pictures figure{margin:0;min-width:0}
.pictures figcaption{font-size:.8125rem;line-height:1.35;padding-top:3px}
.picture{display:block;width:100%;height:auto;border-radius:3px}.picture .sharp{image-rendering:pixelated}
.picture text{font-family:system-ui,sans-serif}
details{margin:8px 0;padding:8px 12px;background:var(--card);border:1px solid var(--rule);border-radius:6px}
summary{cursor:pointer;font-weight:600}
dl{display:grid;grid-template-columns:minmax(9em,max-content) minmax(0,1fr);gap:3px 16px;margin:8px 0 0;
font-size:.875rem}
dt{color:var(--soft)}dd{margin:0}
@media (max-width:600px){body{padding:8px 14px 32px}.pictures{grid-template-columns:repeat(2,minmax(0,1fr))}
dl{grid-template-columns:1fr}dt{margin-top:6px}}
)";

}  // namespace xstitch::inline XSTITCH_ISA::report
