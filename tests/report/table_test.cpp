#include <doctest/doctest.h>
#include <xstitch/report/table.hpp>

#include <limits>
#include <sstream>

namespace xs = xstitch;
using xs::Table;

static Table sample() {
  Table table({"task", "pixel accuracy (%)", "median (°)"});
  table.add_row({"segmentation", Table::number(47.24), Table::number(xs::MetricValue{"m", 3.0, "", true, false})});
  table.add_row({"Oberflächen", "", Table::number(18.25, 2)});
  return table;
}

TEST_CASE("table: plain text is aligned by characters, not bytes") {
  const std::string expected =
      "task           pixel accuracy (%)   median (°)\n"
      "------------   ------------------   ----------\n"
      "segmentation                 47.2            -\n"
      "Oberflächen                              18.25\n";
  CHECK(sample().to_text() == expected);
  std::ostringstream out;
  out << sample();
  CHECK(out.str() == expected);
  CHECK(sample().rows() == 2);
  CHECK(sample().columns() == 3);
}

TEST_CASE("table: no spaces at the ends of lines, columns aligned as asked") {
  Table table({"name", "note"});
  table.align(0, xs::Align::right).align(1, xs::Align::left).add_row({"a", "long note"}).add_row({"b"});
  CHECK(table.to_text() ==
        "name   note\n"
        "----   ---------\n"
        "   a   long note\n"
        "   b\n");
}

TEST_CASE("table: Markdown") {
  Table table({"a|b", "x"});
  table.add_row({"two\nlines", "1"}).add_row({"back\\slash", "-2"});
  CHECK(table.to_markdown() ==
        "| a\\|b         |   x |\n"
        "| ------------ | --: |\n"
        "| two<br>lines |   1 |\n"
        "| back\\\\slash  |  -2 |\n");
}

TEST_CASE("table: CSV quotes what needs it") {
  Table table({"plain", "with, comma"});
  table.add_row({"say \"no\"", "1.5"}).add_row({"two\nlines"});
  CHECK(table.to_csv() == "plain,\"with, comma\"\n\"say \"\"no\"\"\",1.5\n\"two\nlines\",\n");
}

TEST_CASE("table: numbers and titles") {
  CHECK(Table::number(19.349) == "19.3");
  CHECK(Table::number(2.0, 0) == "2");
  CHECK(Table::number(-0.04) == "0.0");
  CHECK(Table::number(-0.06) == "-0.1");
  CHECK(Table::number(std::numeric_limits<double>::quiet_NaN()) == "-");
  CHECK(Table::number(1e300).size() == 303);
  CHECK(Table::title({"mean IU", 1.0, "%"}) == "mean IU (%)");
  CHECK(Table::title({"RMSE", 1.0, ""}) == "RMSE");
}

TEST_CASE("table: widths of UTF-8 text, also of broken text") {
  CHECK(xs::display_width("abc") == 3);
  CHECK(xs::display_width("äöü°α") == 5);
  CHECK(xs::display_width("a\xCC\x81") == 1);  // a and a combining accent
  CHECK(xs::display_width("日本") == 4);
  CHECK(xs::display_width("\xF0\x9F\x98\x80") == 2);  // an emoji
  CHECK(xs::display_width("\xE6\x97") == 2);          // cut off: a column for each byte
  CHECK(xs::display_width("\xFF\x80 \xC3") == 4);
  CHECK(xs::display_width("") == 0);
}

TEST_CASE("table: what cannot be is refused") {
  CHECK_THROWS_AS(Table({}), xs::Error);
  Table table({"a", "b"});
  CHECK_THROWS_WITH_AS(table.add_row({"x", "y", "z"}), doctest::Contains("3 cells for 2 columns"), xs::Error);
  CHECK_THROWS_AS(table.align(2, xs::Align::left), xs::Error);
}
