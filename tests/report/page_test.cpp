// needs: images
// Reports: what data structures become on the page, and a page for tests/report/check_page to look at in a browser.
#include <xstitch/report/class_gains.hpp>
#include <xstitch/report/job_report.hpp>
#include <xstitch/report/pictures.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "support.hpp"

namespace xs = xstitch;
namespace fs = std::filesystem;
namespace report = xs::report;
using report_tests::count;
using report_tests::Folder;

namespace {

const double not_a_number = std::numeric_limits<double>::quiet_NaN();
const std::string hostile = "</title><script>alert(\"1\")</script> & 'a' <img src=x onerror=alert(2)> \x01\xff";

/// Lines as a training of a stitched pair writes them.
std::string log_of_a_pair() {
  std::string text =
      R"({"event": "start", "step": 0, "total": 4000, "settings": {"network": "CrossStitch", "batch": 4}, )"
      R"("towers": {"pool1": ["segmentation", "normals"]}, "alphas": {"pool1": {"mean": [[0.9, 0.1], [0.1, 0.9]], )"
      R"("least": [[0.9, 0.1], [0.1, 0.9]], "most": [[0.9, 0.1], [0.1, 0.9]]}}})"
      "\n";
  for (int step = 200; step <= 4000; step += 200) {
    const double x = step / 4000.0;
    const auto number = [](double v) { return xs::number_text(v, 6); };
    text += R"({"event": "train", "step": )" + std::to_string(step) + R"(, "epoch": 1, "learning_rate": )" +
            number(0.02 * (1.0 - 0.95 * x)) + R"(, "losses": {"segmentation": )" +
            number(0.8 + 2.0 * std::exp(-4.0 * x)) + R"(, "normals": )" +
            (step == 1000 ? "null" : number(0.3 + 0.5 * std::exp(-3.0 * x))) + R"(}, "alphas": {"pool1": {"mean": [[)" +
            number(0.9 + x) + ", " + number(0.1 - 0.4 * x) + "], [" + number(0.1 + 0.2 * x) + ", " +
            number(0.9 + 0.5 * x) + "]], \"least\": [[" + number(0.9 - x) + ", " + number(0.1 - 0.9 * x) + "], [" +
            number(0.1 - 0.2 * x) + ", " + number(0.9 - 0.5 * x) + "]], \"most\": [[" + number(0.9 + 2.0 * x) + ", " +
            number(0.1 + 0.2 * x) + "], [" + number(0.1 + 0.8 * x) + ", " + number(0.9 + 1.5 * x) + "]]}}}\n";
    if (step % 1000 == 0)
      text += R"({"event": "evaluate", "step": )" + std::to_string(step) +
              R"(, "score": 0.1, "tasks": {"segmentation": {"loss": )" + number(1.0 + std::exp(-3.0 * x)) +
              R"(, "mean IU": )" + number(30.0 * x) + R"(}, "normals": {"loss": 0.4, "mean": )" +
              number(40.0 - 12.0 * x) + "}}}\n";
  }
  return text;
}

/// A job of one finished stage, and one that was begun and left nothing.
void make_job(const fs::path& folder, const std::string& log) {
  xs::make_folder(folder / "pair");
  xs::write_file_atomically(folder / "pair" / "log.jsonl", log);
  std::vector<float> alphas(4 * 96);
  for (std::size_t i = 0; i < alphas.size(); ++i)
    alphas[i] = (i / 96 == 0 || i / 96 == 3 ? 1.4F : 0.1F) + std::sin(static_cast<float>(7 * i));
  const xs::TensorView tensor = xs::TensorView::floats("stitch.pool1.alpha", {2, 2, 96}, alphas);
  xs::safetensors::write(folder / "pair" / "last.safetensors", std::span(&tensor, 1));
  xs::write_file_atomically(
      folder / "job.json",
      R"({"version": 2, "job": "1", "stages": [{"name": "pair", "state": "finished", "settings": {"batch": 4}},)"
      R"({"name": "later", "state": "running", "settings": {"network": "a long signature"}}]})");
}

report::PictureGrid some_pictures() {
  report::PictureGrid grid{.title = "Held-back rooms",
                           .columns = {"image", "classes, truth", "classes, predicted", "normals", "boxes"},
                           .rows = {},
                           .legend = report::class_legend(std::vector<std::string>{"wall", "floor", "chair", "lamp"})};
  for (int k = 0; k < 2; ++k) {
    std::vector<float> image(96 * 128 * 3), scores(96 * 128 * 4), normals(96 * 128 * 3);
    std::vector<std::int32_t> classes(96 * 128);
    for (std::size_t p = 0; p < classes.size(); ++p) {
      const std::size_t y = p / 128, x = p % 128;
      classes[p] = p % 977 == 0 ? 255 : static_cast<std::int32_t>((y / 48 + x / 43 + static_cast<std::size_t>(k)) % 4);
      scores[4 * p + (y / 40 + x / 43) % 4] = 1.0F;
      for (std::size_t c = 0; c < 3; ++c) image[3 * p + c] = static_cast<float>((x * (c + 1) + y) % 256);
      normals[3 * p] = static_cast<float>(x) / 64.0F - 1.0F;
      normals[3 * p + 2] = std::sqrt(1.0F - normals[3 * p] * normals[3 * p]);
    }
    const xs::Dims shape{96, 128, 3};
    report::Picture boxes = report::photograph(image, shape);
    boxes.boxes = {
        {.box = {10, 20, 60, 90},
         .label = "chair 0.93",
         .attributes = {"wooden", "has legs"},
         .colour = report::class_colour(2)},
        {.box = {70, -5, 140, 40}, .label = hostile, .attributes = {hostile}, .colour = report::class_colour(3)}};
    grid.rows.push_back({report::photograph(image, shape), report::class_picture(classes, 96, 128),
                         report::scores_picture(scores, {96, 128, 4}), report::normal_picture(normals, 96, 128),
                         boxes});
  }
  return grid;
}

}  // namespace

TEST_CASE("text is escaped, and what is not UTF-8 is replaced") {
  CHECK(report::escaped("a < b & \"c\" 'd'>") == "a &lt; b &amp; &quot;c&quot; &#39;d&#39;&gt;");
  CHECK(report::escaped("Fl\xC3\xA4"
                        "che\xff\x01\n") ==
        "Fl\xC3\xA4"
        "che\xEF\xBF\xBD\xEF\xBF\xBD\n");
  CHECK(report::shortened("abcdef", 4) == "abc\xE2\x80\xA6");
  CHECK(report::shortened("\xC3\xA4\xC3\xB6\xC3\xBC", 3) == "\xC3\xA4\xC3\xB6\xC3\xBC");
  CHECK(report::shortened("\xC3\xA4\xC3\xB6\xC3\xBC", 2) == "\xC3\xA4\xE2\x80\xA6");
  // RFC 4648, section 10
  CHECK(report::base64("") == "");
  CHECK(report::base64("f") == "Zg==");
  CHECK(report::base64("fo") == "Zm8=");
  CHECK(report::base64("foobar") == "Zm9vYmFy");
  CHECK(report::base64("\xff\xef\xbe") == "/+++");
}

TEST_CASE("axes: ticks at round numbers, whatever the values") {
  const auto ticks = [](std::vector<double> values, bool decades) {
    std::string text;
    for (const double tick : report::Axis(values, decades, 0.0, 1.0).ticks()) text += report::tick_text(tick) + " ";
    return text;
  };
  CHECK(ticks({0.0, 1.0}, false) == "0 0.2 0.4 0.6 0.8 1 ");
  CHECK(ticks({-0.31, 0.29}, false) == "-0.3 -0.2 -0.1 0 0.1 0.2 ");
  CHECK(ticks({0, 9000}, false) == "0 2000 4000 6000 8000 ");
  CHECK(ticks({1.0, 100000.0}, true) == "1 10 100 1000 10000 100000 ");
  CHECK(ticks({0.5, 30.0}, true) == "0.5 1 2 5 10 20 ");
  CHECK_FALSE(ticks({7.0}, false).empty());  // one number
  CHECK_FALSE(ticks({}, false).empty());
  CHECK_FALSE(ticks({not_a_number, -1.0}, true).empty());  // nothing that decades can show
  const double most = std::numeric_limits<double>::max();
  CHECK_FALSE(ticks({-most, most}, false).empty());
  const report::Axis axis({2.0, 4.0}, false, 100.0, 200.0);
  CHECK(axis.at(3.0) == doctest::Approx(150.0));
  CHECK(report::coordinate(12.34) == "12.3");
  CHECK(report::coordinate(-0.01) == "0");
}

TEST_CASE("plots: gaps end a line, lone points are dots, long curves keep what sticks out") {
  report::Plot plot{.title = "t",
                    .x_title = "x",
                    .y_title = "y",
                    .curves = {{.name = "a", .x = {1, 2, 3, 4, 5}, .y = {1, 2, not_a_number, 4, not_a_number}}}};
  const std::string svg = report::plot_svg(plot);
  CHECK(count(svg, "class=\"curve s0\"") == 1);
  const std::size_t path = svg.find("class=\"curve s0\" d=\"");
  const std::string d = svg.substr(path, svg.find("\">", path) - path);
  CHECK(count(d, "M") == 2);
  CHECK(count(d, "L") == 1);
  CHECK(count(svg, "<circle") == 1);
  CHECK(svg.find("nan") == std::string::npos);

  report::Curve curve;
  for (int i = 0; i < 100000; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(i == 54321 ? 1e3 : i == 12345 ? -1e3 : std::sin(0.001 * i));
  }
  const std::vector<std::size_t> kept = report::plots::chosen(curve);
  CHECK(kept.size() <= 1000);
  CHECK(std::is_sorted(kept.begin(), kept.end()));
  CHECK(std::count(kept.begin(), kept.end(), std::size_t{54321}) == 1);
  CHECK(std::count(kept.begin(), kept.end(), std::size_t{12345}) == 1);
}

TEST_CASE("a job's folder becomes curves: gaps, alphas by tower, lines that cannot be read") {
  const Folder folder;
  const std::string log = log_of_a_pair();
  make_job(folder.path, "my notes\n" + log + "{\"event\": \"train\", \"step\": 99");
  const report::TrainingCurves curves = report::read_training_log(folder.path / "pair" / "log.jsonl");
  REQUIRE(curves.losses.size() == 2);
  CHECK(curves.losses[1].name == "normals");
  REQUIRE(curves.losses[1].y.size() == 20);
  CHECK(curves.losses[1].x[4] == 1000.0);
  CHECK(std::isnan(curves.losses[1].y[4]));
  CHECK(curves.learning_rate.y.back() == doctest::Approx(0.001));
  CHECK(curves.step == 4000);
  CHECK(curves.total == 4000);
  REQUIRE(curves.seams.size() == 1);
  REQUIRE(curves.seams[0].alphas.size() == 4);
  CHECK(curves.seams[0].alphas[1].name == "segmentation from normals");
  CHECK(curves.seams[0].alphas[1].x.front() == 0.0);
  CHECK(curves.seams[0].alphas[1].y.back() == doctest::Approx(-0.3));
  CHECK(curves.seams[0].alphas[1].low.back() == doctest::Approx(-0.8));
  REQUIRE(curves.metrics.size() == 4);
  CHECK(curves.metrics[1].name == "mean IU");
  CHECK(curves.metrics[1].curve.y.back() == 30.0);
  REQUIRE(curves.notes.size() == 1);
  CHECK(curves.notes[0] == "log.jsonl, line 1: log, line 1, column 1: expected a value (2 lines are left out)");

  xs::write_file_atomically(folder.path / "other.jsonl",
                            log + R"({"event": "train", "step": 4200, "epoch": 1, "learning_rate": 0.1, "losses": {}, )"
                                  R"("alphas": {"pool1": {"mean": [[1, 2]], "least": [[1]], "most": [[1, 2]]}}})");
  const std::vector<std::string> notes = report::read_training_log(folder.path / "other.jsonl").notes;
  REQUIRE(notes.size() == 1);
  CHECK(notes[0] ==
        "other.jsonl, line 26: the alphas of seam \"pool1\" have another size than before (1 line is left out)");

  const std::vector<report::Section> sections = report::job_sections(folder.path);
  REQUIRE(sections.size() == 2);
  CHECK(sections[0].title == "Training: pair (finished)");
  std::vector<std::string> plots;
  for (const report::Item& item : sections[0].items)
    if (const auto* plot = std::get_if<report::Plot>(&item)) {
      plots.push_back(plot->title);
      if (plot->title != "Alphas at pool1, sorted") continue;
      REQUIRE(plot->curves.size() == 4);
      CHECK(plot->curves[2].name == "normals from segmentation");
      CHECK(plot->curves[2].y.size() == 96);
      CHECK(std::is_sorted(plot->curves[2].y.begin(), plot->curves[2].y.end()));
    }
  CHECK(plots == std::vector<std::string>{"Loss", "segmentation: mean IU", "normals: mean", "Learning rate",
                                          "Alphas at pool1: mean and range over channels", "Alphas at pool1, sorted"});
  CHECK(std::get<std::string>(sections[1].items[0]) == "There is no log of this stage.");

  // A damaged checkpoint is said; no job, or a job.json that is none, is an Error with the file's name.
  xs::write_file_atomically(folder.path / "pair" / "last.safetensors", "no checkpoint");
  CHECK(report::html({.title = "t", .sections = report::job_sections(folder.path)}).find("last.safetensors") !=
        std::string::npos);
  CHECK_THROWS_WITH_AS(report::job_sections(folder.path / "no"), doctest::Contains("job.json"), xs::Error);
  xs::write_file_atomically(folder.path / "job.json", "{}");
  CHECK_THROWS_WITH_AS(report::job_sections(folder.path), doctest::Contains("job.json"), xs::Error);
}

TEST_CASE("gains by class: most frequent first, what was not measured is left out") {
  const auto percent = [](double value) { return xs::MetricValue{"IU", value, "%", true, true}; };
  const xs::MetricValue none{"IU", 0.0, "%", true, false};
  const std::vector<report::Item> items = report::class_gains(
      {{"rare", 10, percent(5), percent(12)}, {"absent", 0, none, none}, {"wall", 990, percent(60), percent(58)}},
      "IU (%)", "one-task", "cross-stitch");
  const auto& plot = std::get<report::Plot>(items[0]);
  CHECK(plot.curves[0].labels == std::vector<std::string>{"wall", "rare"});
  CHECK(plot.curves[0].y == std::vector<double>{-2.0, 7.0});
  CHECK(plot.curves[0].x[1] == doctest::Approx(1.0));
  const xs::Table& table = std::get<report::TitledTable>(items[1]).table;
  CHECK(table.row(2) == std::vector<std::string>{"absent", "0.00", "-", "-", "-"});
}

TEST_CASE("pictures of the wrong size are refused by name") {
  const std::vector<float> few(7);
  CHECK_THROWS_WITH_AS(report::photograph(few, {2, 2, 3}), doctest::Contains("photograph: found 7 values"), xs::Error);
  CHECK_THROWS_WITH_AS(report::normal_picture(few, 2, 2), doctest::Contains("normal picture"), xs::Error);
  const report::Picture black =
      report::photograph(std::vector<float>(12, std::numeric_limits<float>::infinity()), {2, 2, 3});
  CHECK(black.png.substr(1, 3) == "PNG");
}

TEST_CASE("a page fetches nothing, runs nothing, and holds names as text") {
  const Folder folder;
  make_job(folder.path, log_of_a_pair());
  report::Report page{.title = "A pair of tasks " + hostile,
                      .subtitle = "Rooms, " + hostile,
                      .sections = report::job_sections(folder.path)};
  xs::Table table({"method", "mean angle (°)", "mean IU (%)", "samples", "seconds", hostile});
  table.add_row({"one-task", "29.3 ± 0.6", "30.2 ± 0.4", "68000", "190", "-"});
  table.add_row({"cross-stitch <A, B>", "28.1 ± 0.4", "30.6 ± 0.5", "68000", "402", "1"});
  report::Section results{.title = "Results", .items = {}};
  results.items.emplace_back("Five seeds. Of a method and " + hostile + ".");
  results.items.emplace_back(report::TitledTable{"Five seeds", table, "± is half of a 95 % t-interval over seeds."});
  std::vector<report::ClassGain> classes;
  for (int c = 0; c < 13; ++c)
    classes.push_back({"class " + std::to_string(c),
                       std::pow(2.0, c),
                       {"IU", 20.0 + c, "%", true, true},
                       {"IU", 21.0 + c + 2.0 * std::cos(c), "%", true, true}});
  for (report::Item& item : report::class_gains(classes, "IU (%)", "one-task", "cross-stitch"))
    results.items.push_back(std::move(item));
  results.items.emplace_back(some_pictures());
  results.items.emplace_back(report::Settings{"Settings", {{"network", std::string(3000, 'x')}, {hostile, hostile}}});
  report::Plot many{
      .title = "Twelve curves " + hostile, .x_title = "x", .y_title = std::string(200, 'y'), .curves = {}};
  for (int k = 0; k < 12; ++k)
    many.curves.push_back(
        {.name = "curve of a long name, number " + std::to_string(k), .x = {0, 1, 2}, .y = {0.0, 1.0 + k, 3.0 * k}});
  results.items.emplace_back(many);
  page.sections.insert(page.sections.begin(), results);

  const std::string html = report::html(page);
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("<img") == std::string::npos);
  CHECK(html.find("http:") == std::string::npos);
  CHECK(html.find("https:") == std::string::npos);
  CHECK(html.find("url(") == std::string::npos);
  CHECK(html.find("@import") == std::string::npos);
  CHECK(count(html, "href=\"data:image/png;base64,") == 10);
  CHECK(count(html, "href=\"") == 10 + page.sections.size());  // besides the links to sections
  CHECK(count(html, "<section ") == count(html, "</section>"));
  CHECK(count(html, "<b>classes, predicted</b>") == 2);
  CHECK(html.find("cross-stitch &lt;A, B&gt;") != std::string::npos);
  CHECK(html.find("28.1 \xC2\xB1 0.4") != std::string::npos);
  report::write(page, "report_sample.html");  // for tests/report/check_page
}
