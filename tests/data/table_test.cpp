#include <xstitch/data/table.hpp>
#include <xstitch/data/table_csv.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;
using xs::data::Table;
using xs::data::TableSet;

static_assert(xs::DataSet<TableSet>);

namespace {

Table parsed(const TemporaryFolder& folder, const std::string& text, char separator = ',') {
  const std::string path = folder.file("t.csv");
  write_bytes(path, {text.begin(), text.end()});
  return xs::data::read_csv(path, separator);
}

/// x = 0 .. 19, y = 3 x + 1, kind = x mod 3, hole: missing in every fourth row.
Table made() {
  Table table{"made", {"x", "y", "kind", "hole"}, std::vector<std::vector<double>>(4)};
  for (int i = 0; i < 20; ++i) {
    table.columns[0].push_back(i);
    table.columns[1].push_back(3 * i + 1);
    table.columns[2].push_back(i % 3);
    table.columns[3].push_back(i % 4 == 0 ? std::nan("") : i);
  }
  return table;
}

}  // namespace

TEST_CASE("text to a table: quotes, separators, line ends, missing values") {
  const TemporaryFolder folder;
  const Table a = parsed(folder, "\xEF\xBB\xBFname,\"long, \"\"quoted\"\"\",c\r\n1,2.5,-3e2\r\n\r\n+4,NA, 6 \r\n");
  CHECK(a.names == std::vector<std::string>{"name", "long, \"quoted\"", "c"});
  REQUIRE(a.rows() == 2);
  CHECK(a.column("name") == std::vector<double>{1, 4});
  CHECK(a.columns[1][0] == 2.5);
  CHECK(std::isnan(a.columns[1][1]));
  CHECK(a.column("c") == std::vector<double>{-300, 6});
  CHECK(parsed(folder, "a;b\n1;2\n", ';').column("b") == std::vector<double>{2});
  CHECK(parsed(folder, "a1\ta2\tb\n1\t2\t3", '\t').names_starting_with("a") == std::vector<std::string>{"a1", "a2"});
}

TEST_CASE("wrong texts are refused with line and column") {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& text) { return error_of<xs::Error>([&] { (void)parsed(folder, text); }); };
  CHECK(contains(error("a,b\n1,2\n3\n"), "line 3: found 1 fields, expected 2"));
  CHECK(contains(error("a,b\n1,2x\n"), "line 2, column 'b': found '2x'"));
  CHECK(contains(error("a,b\n1,inf\n"), "found 'inf'"));
  CHECK(contains(error("a,b\n"), "no rows"));
  CHECK(contains(error(""), "no rows"));
  CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_csv(folder.file("none")); }), "no such file"));
  CHECK(contains(error_of<xs::Error>([&] { (void)parsed(folder, "a,b\n1,2\n").column("c"); }), "[a, b], expected 'c'"));
}

TEST_CASE("a table as a data set: each row once, standardised by the training rows") {
  const auto [train, test] = xs::data::table_sets(made(), {{.columns = {"x", "y"}}},
                                                  {{.name = "line", .columns = {"y"}},
                                                   {.name = "kind", .columns = {"kind"}, .classes = 3},
                                                   {.name = "hole", .columns = {"hole"}}});
  REQUIRE(train.size() == 15);
  REQUIRE(test.size() == 5);
  CHECK(train.inputs()[0].shape == xs::Dims{1, 1, 2});
  CHECK_FALSE(train.inputs()[0].image);
  CHECK(train.labels()[1].spec.classes == 3);
  CHECK(train.labels()[0].spec.kind == xs::LabelKind::real);
  double sum = 0, squares = 0;
  std::multiset<std::string> rows;
  xs::Sample sample;
  for (std::size_t i = 0; i < 15; ++i) {
    train.load(i, sample);
    sum += sample.inputs[0][0];
    squares += sample.inputs[0][0] * sample.inputs[0][0];
    CHECK(sample.inputs[0][0] == doctest::Approx(sample.inputs[0][1]));  // y is a line in x
    CHECK(sample.labels[0].values[0] == doctest::Approx(sample.inputs[0][1]));
    rows.insert(train.describe(i));
    const int row = std::stoi(train.describe(i).substr(train.describe(i).rfind(' '))) - 1;
    CHECK(sample.labels[1].indices[0] == row % 3);
    CHECK(sample.labels[2].present == (row % 4 != 0));
  }
  CHECK(sum == doctest::Approx(0).epsilon(1e-5));
  CHECK(squares / 15 == doctest::Approx(1));
  for (std::size_t i = 0; i < 5; ++i) rows.insert(test.describe(i));
  CHECK(rows.size() == 20);
  CHECK(std::set<std::string>(rows.begin(), rows.end()).size() == 20);
  CHECK(train.deviation("y") == doctest::Approx(3 * train.deviation("x")));
  CHECK(test.deviation("y") == train.deviation("y"));
  const auto [same, unused] = xs::data::table_sets(made(), {{.columns = {"x"}}}, {{.name = "line", .columns = {"y"}}});
  const auto [other, unused2] =
      xs::data::table_sets(made(), {{.columns = {"x"}}}, {{.name = "line", .columns = {"y"}}}, 0.25, xs::seed(2));
  bool equal = true, moved = false;
  for (std::size_t i = 0; i < 15; ++i) {
    equal = equal && same.describe(i) == train.describe(i);
    moved = moved || other.describe(i) != train.describe(i);
  }
  CHECK(equal);
  CHECK(moved);
}

TEST_CASE("wrong columns are refused") {
  const auto error = [](const std::vector<xs::data::TableInput>& inputs,
                        const std::vector<xs::data::TableLabel>& labels, double share = 0.25) {
    return error_of<xs::Error>([&] { (void)xs::data::table_sets(made(), inputs, labels, share); });
  };
  CHECK(contains(error({{.columns = {"z"}}}, {{.name = "l", .columns = {"y"}}}), "expected 'z'"));
  CHECK(contains(error({{.columns = {"hole"}}}, {{.name = "l", .columns = {"y"}}}), "no number in row"));
  CHECK(contains(error({{.columns = {"x"}, .shape = {1, 3, 1}}}, {}), "found 1 columns, expected 3"));
  CHECK(contains(error({{.columns = {"x"}}}, {{.name = "l", .columns = {"kind"}, .classes = 2}}), "found class 2"));
  CHECK(contains(error({{.columns = {"x"}}}, {{.name = "l", .columns = {}}}), "found 0 columns"));
  CHECK(contains(error({{.columns = {"x"}}}, {}, 1.5), "test share"));
}
