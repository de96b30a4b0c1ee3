// A report as Markdown: text that stays text, figures in files of their own.
#include <xstitch/report/markdown.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "support.hpp"

namespace xs = xstitch;
namespace fs = std::filesystem;
namespace report = xs::report;
using report_tests::count;
using report_tests::Folder;

namespace {

report::Plot lines() {
  return {.title = "Split points: mean IU (%)",
          .x_title = "layers shared",
          .y_title = "mean IU (%)",
          .curves = {{.name = "split <A>", .x = {1, 2, 3}, .y = {29.1, 28.0, 27.2}},
                     {.name = std::string(200, 'w'), .x = {1, 2}, .y = {1, 2}}}};
}

}  // namespace

TEST_CASE("Markdown: what has a meaning there is escaped, words and numbers stay") {
  CHECK(report::markdown::plain("alpha_S is 0.9 - 1.1 (p < 0.05)") == "alpha_S is 0.9 - 1.1 (p \\< 0.05)");
  CHECK(report::markdown::plain("_x_ *y* `z` [a](b) & | \\") == "\\_x\\_ \\*y\\* \\`z\\` \\[a\\](b) \\& \\| \\\\");
  CHECK(report::markdown::plain("# 1\n12. a\n- b\nc - #d.\n") == "\\# 1\\\n12\\. a\\\n\\- b\\\nc - #d.");
  CHECK(report::markdown::plain("a\x01\xff") == "a\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(report::markdown::plain("Fl\xC3\xA4"
                                "che_2") ==
        "Fl\xC3\xA4"
        "che_2");
  CHECK(report::markdown::plain("") == "");
}

TEST_CASE("Markdown: files are named by titles") {
  CHECK(report::markdown::file_name("Split points: mean IU (%)") == "split-points-mean-iu");
  CHECK(report::markdown::file_name("(%)") == "figure");
  CHECK(report::markdown::file_name(std::string(90, 'a')).size() == 60);
}

TEST_CASE("Markdown: a report in a file, its figures beside it") {
  const Folder folder;
  xs::Table table({"method <A|B>", "mean IU (%)"});
  table.add_row({"cross-stitch *x*", "30.6"});
  report::Report page{.title = "Results", .subtitle = "Five seeds", .sections = {}};
  page.sections.push_back({"Table 5", {report::TitledTable{"Methods", table, "Two lines\nof a note"}, "A sentence."}});
  page.sections.push_back({"Figure 2",
                           {lines(), lines(), report::Drawing{"A pair", "<svg>drawn</svg>"},
                            report::Settings{"Settings <1>", {{"batch", "4"}}}}});
  report::write_markdown(page, folder.path / "results.md");

  const std::string text = xs::read_file(folder.path / "results.md");
  CHECK(text ==
        "# Results\n\nFive seeds\n\n## Table 5\n\n**Methods**\n\n"
        "| method &#60;A\\|B&#62;    | mean IU (%) |\n"
        "| ------------------------ | ----------: |\n"
        "| cross-stitch &#42;x&#42; |        30.6 |\n\n"
        "Two lines\\\nof a note\n\nA sentence.\n\n## Figure 2\n\n"
        "![Split points: mean IU (%)](<results/split-points-mean-iu.svg>)\n\n"
        "![Split points: mean IU (%)](<results/split-points-mean-iu-2.svg>)\n\n"
        "![A pair](<results/a-pair.svg>)\n\n"
        "<details><summary>Settings &lt;1&gt;</summary>\n\n- batch: 4\n\n</details>\n");
  CHECK(xs::read_file(folder.path / "results" / "a-pair.svg") == "<svg>drawn</svg>");

  const std::string svg = xs::read_file(folder.path / "results" / "split-points-mean-iu-2.svg");
  CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"420\" height=\""));
  CHECK(count(svg, "<svg") == 1);
  CHECK(count(svg, "</svg>") == 1);
  CHECK(count(svg, "<g") == count(svg, "</g>"));
  CHECK(count(svg, "class=\"curve s0\"") == 2);  // the line, and its key
  CHECK(svg.find("split &lt;A&gt;") != std::string::npos);
  CHECK(svg.find(std::string(100, 'w')) == svg.find(std::string(200, 'w')));  // in its line's title; in the legend cut
  CHECK(svg.find("prefers-color-scheme:dark") != std::string::npos);

  CHECK_THROWS_WITH_AS(report::write_markdown(page, folder.path / "results"), doctest::Contains("results.md"),
                       xs::Error);
  CHECK_THROWS_AS(report::write_markdown(page, folder.path / "a>.md"), xs::Error);
}

TEST_CASE("Markdown: pictures with their columns, boxes and legend in one file") {
  const report::Picture picture{
      .png = "\x89PNG", .height = 30, .width = 40, .boxes = {}, .caption = "room 3", .sharp = true};
  report::Picture boxes = picture;
  boxes.boxes = {
      {.box = {1, 2, 20, 25}, .label = "chair", .attributes = {"wooden", "with <legs>"}, .colour = {1, 2, 3}}};
  const std::string svg = report::svg_file(report::PictureGrid{.title = "Rooms",
                                                               .columns = {"image", "boxes & more"},
                                                               .rows = {{picture, boxes}, {picture}},
                                                               .legend = {{{9, 8, 7}, "wall"}}});
  CHECK(count(svg, "<image ") == 3);
  CHECK(count(svg, "class=\"sharp\"") == 3);
  CHECK(count(svg, "height=\"150\" viewBox=\"0 0 40 30\"") == 3);
  CHECK(count(svg, "room 3") == 3);
  CHECK(svg.find("boxes &amp; more") != std::string::npos);
  CHECK(svg.find("chair: wooden, with &lt;legs&gt;") != std::string::npos);
  CHECK(svg.find("rgb(9,8,7)") != std::string::npos);
  CHECK(svg.find("width=\"430\"") != std::string::npos);
  CHECK(report::svg_file(report::PictureGrid{}).find("</svg>") != std::string::npos);
}
