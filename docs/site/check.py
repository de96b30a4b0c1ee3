"""Usage: check.py SITE
Fails unless every link within the site leads to a page of it and each #anchor to a place there, nothing is fetched from
a network, and every name that README.md, docs/ or examples/ write after xs:: is in the reference. With Chromium, too:
every page at the width of a desk and of a telephone is no wider than the window, in light and dark, and the search
finds what it should, from a page and from the reference."""
import html
import html.parser
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
problems = []

# Written after xs:: though it is not public: why.
INTERNAL = {
    "kernels::Vector": "what the functions of an activation are written with; include/xstitch/kernels has it",
    "data::rooms::Picture": "one room with all that is known of it, which an example shows",
    "limits::Budget": "what bounds a reader's memory, to which an example's reader keeps, too",
    "progress::duration": "a time in words, which an example prints",
}
DECLARED = re.compile(r"(?:template <.*> )?(?:struct|class|concept|enum class|using) (\w+)(?: |;|$)|"
                      r"(?! |static_assert|requires|//|#|\})(?:\[\[.*\]\] )?(?:inline |XSTITCH_INLINE |constexpr |static )*"
                      r"[\w:<>,&\* ]+?[ &\*](\w+)\(")
WIDTHS = (1280, 390)
# What is typed: a title that must be among the first results.
SEARCHES = {"CrossStitch": "CrossStitch", "roi pool": "RoiPool", "checkpoint": "Training",
            "data::Folder": "data::Folder", "learning_rate": "Sgd::learning_rate", "per channel": "PerChannel"}


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.anchors, self.loads = [], set(), []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if given.get("id"):
            if given["id"] in self.anchors:
                self.loads.append(("twice", given["id"]))
            self.anchors.add(given["id"])
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag in ("img", "script") and given.get("src"):
            self.loads.append(("loads", given["src"]))
        elif tag == "link" and given.get("href"):
            self.loads.append(("loads", given["href"]))


def check_links(site):
    pages = {p: Page(p) for p in sorted(site.rglob("*.html"))}
    links = 0
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        for kind, target in page.loads:
            if kind == "twice":
                problems.append(f"{name}: the anchor {target} stands twice")
            elif not target.startswith("data:") and not (path.parent / target).resolve().is_file():
                problems.append(f"{name}: {target} is not in the site")
        for target in page.links:
            if re.match(r"[a-z]+:", target):
                continue
            links += 1
            file, _, anchor = target.partition("#")
            goal = (path.parent / file).resolve() if file else path
            if goal not in pages:
                if not goal.is_file() or anchor:
                    problems.append(f"{name}: {target} leads to no page")
            elif anchor and html.unescape(anchor) not in pages[goal].anchors:
                problems.append(f"{name}: {target}: no such place on that page")
    index = json.loads((site / "search_index.js").read_text().removeprefix("searchIndex=").removesuffix(";\n"))
    for title, address, *_ in index:
        file, _, anchor = address.partition("#")
        if site / file not in pages or (anchor and anchor not in pages[site / file].anchors):
            problems.append(f"search: {title} leads to {address}, which is not there")
    if links < 5000 or len(index) < 1000:
        problems.append(f"found {links} links and {len(index)} entries of the search: too few, the site is not whole")
    return f"{len(pages)} pages, {links} links, {len(index)} entries of the search"


def check_names(site):
    public = set(json.loads((site.parent / (site.name + ".doxygen") / "public_names.json").read_text()))
    last = {name.rsplit("::", 1)[-1] for name in public}
    used = {}
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for path in pages + sorted((ROOT / "examples").rglob("*.[ch]pp")):
        for name in re.findall(r"\bxs::((?:[A-Za-z_]\w*::)*[A-Za-z_]\w*)", path.read_text()):
            used.setdefault(name, path.relative_to(ROOT).as_posix())
    for name, where in sorted(used.items()):
        parts = name.split("::")
        # Names of a base class or of an alias are found at that one.
        inherited = len(parts) > 1 and "::".join(parts[:-1]) in public and parts[-1] in last
        known = name in public or name in INTERNAL or inherited
        if not known:
            problems.append(f"{where} writes xs::{name}, which is not in the reference")
    # What stands at the beginning of a line of a public header: whether Doxygen has understood it.
    for header in sorted((site.parent / (site.name + ".doxygen") / "headers").rglob("*.hpp")):
        for line in header.read_text().split("\n"):
            found = DECLARED.match(re.sub(r"/\*\*.*?\*/ ?", "", line))
            if found and (found[1] or found[2]) not in last:
                problems.append(f"{header.name}: {found[1] or found[2]} is not in the reference")
    for name in INTERNAL.keys() - used.keys():
        problems.append(f"no page writes xs::{name} any more: strike it out of INTERNAL")
    if len(used) < 200:
        problems.append(f"found {len(used)} names in the pages: this script no longer finds them")
    return f"{len(used)} names of the pages are in the reference"


PROBE = """<!DOCTYPE html><title>running</title><body><pre id="result"></pre><script>
const pages = %s, widths = %s, searches = %s, problems = [];
const wait = (ms) => new Promise((go) => setTimeout(go, ms));
const frame = document.createElement("iframe");
frame.style.cssText = "border:0;height:800px";
document.body.append(frame);
const open = (page) => new Promise((go) => { frame.onload = go; frame.src = page; });
async function search(page) {
  await open(page);
  const input = frame.contentDocument.getElementById("search");
  for (const [typed, title] of Object.entries(searches)) {
    input.focus();
    input.value = typed;
    input.dispatchEvent(new frame.contentWindow.Event("input"));
    for (let k = 0; k < 200 && !frame.contentWindow.searchIndex; ++k) await wait(20);
    await wait(20);
    const found = [...frame.contentDocument.querySelectorAll("#found a")].slice(0, 10);
    const hit = found.find((a) => a.firstChild.textContent.startsWith(title));
    if (!hit) problems.push(page + ": the search for '" + typed + "' has no '" + title + "' among the first ten: " +
                            found.map((a) => a.firstChild.textContent).join(", "));
  }
}
(async () => {
  let looked = 0;
  for (const width of widths) {
    frame.style.width = width + "px";
    for (const page of pages) {
      await open(page);
      const root = frame.contentDocument.documentElement;
      if (root.clientWidth > width || root.clientWidth < width - 40)
        problems.push(page + ": is " + root.clientWidth + " wide, not " + width);
      if (root.scrollWidth > root.clientWidth) {
        const wide = [...frame.contentDocument.querySelectorAll("main *")].filter(
          (e) => e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest("pre, .wide"));
        problems.push(page + ": " + root.scrollWidth + " pixels wide in a window of " + width + ": " +
                      wide.slice(0, 3).map((e) => e.tagName + " " + e.textContent.slice(0, 40)).join(" | "));
      }
      if (frame.contentDocument.querySelector("h1") === null) problems.push(page + ": has no heading");
      for (const image of frame.contentDocument.images)
        if (image.naturalWidth === 0) problems.push(page + ": does not show " + image.getAttribute("src"));
      ++looked;
    }
  }
  for (const page of ["index.html", "docs/layers.html", "reference/layers/conv.html"]) await search(page);
  document.getElementById("result").textContent = 
    JSON.stringify({looked, problems, paper: getComputedStyle(frame.contentDocument.body).backgroundColor});
  document.title = "done";
})();
</script>"""


def check_in_chromium(site, program):
    pages = sorted(p.relative_to(site).as_posix() for p in site.rglob("*.html"))
    pages = [p for p in pages if not p.startswith("source/")]
    pages += sorted(p.relative_to(site).as_posix() for p in (site / "source").rglob("*.html"))[::25]
    said, papers = [], []
    for dark in (False, True):
        look = pages if not dark else pages[:1] + pages[1::20]
        probe = site / "probe.html"
        probe.write_text(PROBE % (json.dumps(look), json.dumps(WIDTHS), json.dumps(SEARCHES)))
        with tempfile.TemporaryDirectory() as profile:
            command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
                       "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}", "--window-size=1400,900",
                       "--virtual-time-budget=600000", "--timeout=540000", "--dump-dom", probe.as_uri()]
            if dark:
                command.insert(1, "--blink-settings=preferredColorScheme=0")
            try:
                seen = subprocess.run(command, capture_output=True, text=True, timeout=560).stdout
            except subprocess.TimeoutExpired:
                seen = ""
        probe.unlink()
        result = re.search(r'<pre id="result">(.+?)</pre>', seen, re.S)
        if not result:
            problems.append("Chromium gave no answer")
            return "Chromium gave no answer"
        answer = json.loads(html.unescape(result[1]))
        problems.extend(("dark: " if dark else "") + p for p in answer["problems"])
        papers.append(answer["paper"])
        said.append(f"{answer['looked']} views {'dark' if dark else 'light'}")
    if papers[0] == papers[1]:
        problems.append(f"the paper is {papers[0]} in light and dark")
    return f"Chromium: {', '.join(said)}, {len(SEARCHES)} searches from 3 pages"


def main():
    site = pathlib.Path(sys.argv[1]).resolve()
    said = [check_links(site), check_names(site)]
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    said.append(check_in_chromium(site, program) if program else "not looked at: there is no Chromium")
    if problems:
        print("\n".join(problems), file=sys.stderr)
        sys.exit(f"site: {len(problems)} problems")
    print("\n".join(said))


main()
