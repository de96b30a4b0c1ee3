#include <xstitch/data/binding.hpp>
#include <xstitch/data/table.hpp>
#include <xstitch/data/table_csv.hpp>
#include <xstitch/losses/regression.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>
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
  const auto column_error = [&](const std::string& text) {
    return error_of<xs::Error>([&] { (void)parsed(folder, text).column("b"); });
  };
  CHECK(contains(column_error("a,b\n1,2x\n"), "column 'b', line 2: found '2x', expected numbers"));
  CHECK(contains(column_error("a,b\n1,2\n\n1,inf\n"), "line 4: found 'inf'"));
  CHECK(contains(column_error("a,b\n1,+-2\n"), "line 2: found '+-2'"));
  CHECK(contains(error("a,b\n1,\"2\n3,4\n"), "line 2: found a quote without an end"));
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
  CHECK(train.standard_deviation("y") == doctest::Approx(3 * train.standard_deviation("x")));
  CHECK(test.standard_deviation("y") == train.standard_deviation("y"));
  CHECK(train.mean("y") == doctest::Approx(3 * train.mean("x") + 1));
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

namespace {

/// A table of one column "x".
Table one_column(std::vector<double> values) { return {"one", {"x"}, {std::move(values)}}; }

std::vector<std::size_t> first(std::size_t count) {
  std::vector<std::size_t> rows(count);
  for (std::size_t i = 0; i < count; ++i) rows[i] = i;
  return rows;
}

/// All rows of the column standardised by its first `count` rows.
std::vector<float> standardised(const std::vector<double>& values, std::size_t count) {
  const TableSet set(std::make_shared<const Table>(one_column(values)), {{.columns = {"x"}}}, {}, first(values.size()),
                     first(count));
  std::vector<float> out;
  xs::Sample sample;
  for (std::size_t i = 0; i < set.size(); ++i) {
    set.load(i, sample);
    out.push_back(sample.inputs[0][0]);
  }
  return out;
}

}  // namespace

TEST_CASE("a column that does not vary becomes 0, and a row beside the constant stays near 0") {
  std::vector<double> values(75, 14.62);
  values.push_back(14.63);
  std::vector<float> out = standardised(values, 75);
  for (std::size_t i = 0; i < 75; ++i) CHECK_EQ(out[i], 0.0F);
  CHECK(std::abs(out[75]) < 0.01F);

  // Any constant, any number of rows; a relative change of 1e-3 is never large.
  const xs::RandomKey key(xs::seed(3));
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const double size = std::pow(10.0, static_cast<double>(key.uniform(2 * i, -30.0F, 30.0F)));
    const double constant = size * (i % 2 == 0 ? 1.23456789 : -0.987654321) / 3.0;
    const std::size_t count = 1 + static_cast<std::size_t>(key.below(2 * i + 1, 100));
    values.assign(count, constant);
    values.push_back(constant * 1.001);
    out = standardised(values, count);
    for (std::size_t k = 0; k < count; ++k) CHECK_EQ(out[k], 0.0F);
    CHECK(std::abs(out[count]) < 2e-3F);
  }

  // Constant up to rounding: 0.3 and 0.1 + 0.2 differ in the last bit.
  values.assign(10, 0.3);
  values[4] = 0.1 + 0.2;
  REQUIRE(values[4] != values[5]);
  values.push_back(0.4);
  out = standardised(values, 10);
  for (std::size_t i = 0; i < 10; ++i) CHECK(std::abs(out[i]) < 1e-15F);
  CHECK(out[10] == doctest::Approx(0.1));

  // What varies, however little against its size, or however small or large, does not count as constant.
  out = standardised({1e9 + 0.001, 1e9 - 0.001, 1e9}, 2);
  CHECK(out[0] == doctest::Approx(1).epsilon(1e-3));
  CHECK(std::abs(out[2]) < 1e-3F);
  CHECK(standardised({1e-200, 3e-200}, 2) == std::vector<float>{-1, 1});
  CHECK(standardised({1e200, 3e200}, 2) == std::vector<float>{-1, 1});
  CHECK(contains(error_of<xs::Error>([] { (void)standardised({1.7e308, -1.7e308}, 2); }), "too large"));
  CHECK(contains(error_of<xs::Error>([] { (void)standardised({1, 2, 1e300}, 2); }), "found 1e+300 in row 3"));
}

TEST_CASE("the scaling goes with a network's file, and standardises another table to the same bits") {
  const TemporaryFolder folder;
  const std::vector<xs::data::TableInput> inputs = {{.columns = {"x", "y \"é\""}}};
  const std::vector<xs::data::TableLabel> labels = {{"strength", {"strength"}}, {"kind", {"kind"}, 3}};
  const std::string header = "x,\"y \"\"é\"\"\",strength,kind\n";
  const Table table = parsed(folder, header + "0.1,7,3,red\n0.7,7,4,ro\"sé\n1e-9,7,8,white\n0.3,7,1,red\n");
  const auto shared = std::make_shared<const Table>(table);
  const TableSet train(shared, inputs, labels, first(4), first(4));
  CHECK(train.mean("x") == doctest::Approx(0.275));
  CHECK(train.standard_deviation("strength") == doctest::Approx(std::sqrt(6.5)));
  CHECK(train.scaling().at("strength").restore(train.scaling().at("strength").apply(8)) == doctest::Approx(8));

  const std::vector<float> tensor = {1, 2};
  const xs::TensorView tensors[] = {xs::TensorView::floats("w", {2}, tensor)};
  xs::safetensors::write(folder.file("net"), tensors, train.scaling().to_metadata());
  const auto scaling = xs::data::TableScaling::from_metadata(xs::SafetensorsFile(folder.file("net")).metadata());
  CHECK(scaling == train.scaling());
  CHECK(scaling.class_names("kind") == std::vector<std::string>{"red", "ro\"sé", "white"});

  // Fewer classes, other rows: the numbers of the training decide.
  const TableSet later =
      xs::data::table_set(parsed(folder, header + "0.7,7,4,white\n0.1,8,NA,NA\n"), inputs, labels, scaling);
  xs::Sample then, now;
  REQUIRE(later.size() == 2);
  train.load(1, then);
  later.load(0, now);
  CHECK(now.inputs == then.inputs);
  CHECK(now.labels[0].values == then.labels[0].values);
  CHECK(now.labels[1].indices == std::vector<std::int32_t>{2});
  later.load(1, now);
  CHECK_FALSE(now.labels[0].present);
  CHECK_FALSE(now.labels[1].present);
  CHECK(now.inputs[0][1] == doctest::Approx(1.0 / 7));  // the constant 7 was 0

  const auto error = [&](const std::string& text) {
    return error_of<xs::Error>(
        [&] { (void)xs::data::table_set(parsed(folder, header + text), inputs, labels, scaling); });
  };
  CHECK(contains(error("1,7,3,blue\n"), "found 'blue' in row 1, expected one of the classes [red, ro\"sé, white]"));
  CHECK(contains(error("1,7,3,2\n"), "found '2"));
  const auto metadata_error = [](const xs::TextMap& metadata) {
    return error_of<xs::Error>([&] { (void)xs::data::TableScaling::from_metadata(metadata); });
  };
  CHECK(contains(metadata_error({{"format", "xstitch"}}), "found [format], expected 'table_scaling'"));
  CHECK(contains(metadata_error({{"table_scaling", "{\"version\": 2}"}}), "found version 2, expected 1"));
  CHECK(contains(metadata_error({{"table_scaling",
                                  "{\"version\": 1, \"columns\": [{\"column\": \"a\", \"mean\": 0, "
                                  "\"standard_deviation\": 0}], \"classes\": []}"}}),
                 "column 'a': found the standard deviation 0"));
  CHECK(contains(error_of<xs::Error>([&] { (void)scaling.at("z"); }), "expected 'z' among them"));
  xs::data::TableScaling numbers = scaling;
  numbers.set_class_names("kind", {});
  CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::table_set(table, inputs, labels, numbers); }),
                 "column 'kind': found names [red, ro\"sé, white], expected numbers as in the scaling"));
  CHECK(contains(error_of<xs::Error>([&] { train.load(4, then); }), "sample 4 wanted, found 4"));
  const std::vector<double> infinite = {1, INFINITY};
  CHECK(error_of<xs::Error>([&] { (void)xs::data::ColumnScaling::of(infinite, first(2), "column 'x'"); }) ==
        "column 'x': found inf in row 2, expected finite numbers");
  xs::data::TableScaling latin;
  latin.set(
      "stra\xdf"
      "e",
      {});
  CHECK(contains(error_of<xs::Error>([&] { (void)latin.to_metadata(); }), "expected UTF-8"));
}

TEST_CASE("a missing value in one column of a label leaves the others") {
  const TemporaryFolder folder;
  const Table table = parsed(folder, "x,y1,y2\n1,10,5\n2,11,NA\n3,NA,NA\n4,,9\n");
  const TableSet set(std::make_shared<const Table>(table), {{.columns = {"x"}}},
                     {{.name = "both", .columns = {"y1", "y2"}}, {.name = "one", .columns = {"y2"}}}, first(4),
                     first(4));
  CHECK(set.labels()[0].spec.mask == xs::Dims{1, 1, 2});
  CHECK(set.labels()[1].spec.mask == xs::Dims{});
  xs::Sample sample;
  set.load(1, sample);  // 2, 11, NA
  CHECK(sample.labels[0].present);
  CHECK(sample.labels[0].mask == std::vector<std::uint8_t>{1, 0});
  CHECK(sample.labels[0].values[0] == doctest::Approx((11 - set.mean("y1")) / set.standard_deviation("y1")));
  CHECK(sample.labels[0].values[1] == 0.0F);
  CHECK_FALSE(sample.labels[1].present);
  set.load(3, sample);  // 4, , 9
  CHECK(sample.labels[0].mask == std::vector<std::uint8_t>{0, 1});
  CHECK(sample.labels[1].present);
  set.load(2, sample);
  CHECK_FALSE(sample.labels[0].present);
  set.load(0, sample);
  CHECK(sample.labels[0].mask == std::vector<std::uint8_t>{1, 1});
  // A loss that does not look at the element mask is refused when data set and network meet.
  CHECK(contains(xs::binding::mismatch(set.labels()[0].spec, xs::L2::label({1, 1, 2})), "ElementMasked"));
  CHECK(xs::binding::mismatch(set.labels()[0].spec, xs::ElementMasked<xs::L2>::label({1, 1, 2})).empty());
  // Where rows are complete or empty no mask is needed, and any loss takes the label. All sets of a table agree.
  const auto sets = xs::data::table_sets(parsed(folder, "x,y1,y2\n1,10,5\n2,11,3\n3,NA,NA\n4,7,9\n"),
                                         {{.columns = {"x"}}}, {{.name = "both", .columns = {"y1", "y2"}}});
  CHECK(sets.train.labels()[0].spec.mask == xs::Dims{});
  const auto partial = xs::data::table_sets(table, {{.columns = {"x"}}}, {{.name = "both", .columns = {"y1", "y2"}}});
  CHECK(partial.train.labels()[0].spec == partial.test.labels()[0].spec);
}

TEST_CASE("columns of text: no obstacle, classes by their names, never numbers") {
  const TemporaryFolder folder;
  const Table table = parsed(folder,
                             "id,x,colour,note,grade\n"
                             "A-1,1,red,\"two\nlines, one \"\"field\"\"\",2\n"
                             "A-2,2,white,5\" pipe,NA\n"
                             "A-3,3,NA,,10\n"
                             "A-4,4,red,x,b\n");
  REQUIRE(table.rows() == 4);
  CHECK(table.column("x") == std::vector<double>{1, 2, 3, 4});
  CHECK(table.class_names("x").empty());
  CHECK(table.class_names("colour") == std::vector<std::string>{"red", "white"});
  CHECK(table.class_names("note") == std::vector<std::string>{"5\" pipe", "two\nlines, one \"field\"", "x"});
  CHECK(table.class_names("grade") == std::vector<std::string>{"10", "2", "b"});
  CHECK(table.class_indices("grade")[0] == 1);
  CHECK(std::isnan(table.class_indices("grade")[1]));
  CHECK(table.class_indices("grade")[2] == 0);
  CHECK(contains(error_of<xs::Error>([&] { (void)table.column("colour"); }),
                 "column 'colour', line 2: found 'red', expected numbers"));
  CHECK(contains(error_of<xs::Error>([&] { (void)table.column("grade"); }), "line 6: found 'b'"));

  const auto set = [&](const std::vector<xs::data::TableInput>& inputs,
                       const std::vector<xs::data::TableLabel>& labels) {
    return TableSet(std::make_shared<const Table>(table), inputs, labels, first(4), first(4));
  };
  const TableSet colours = set({{.columns = {"x"}}}, {{.name = "colour", .columns = {"colour"}, .classes = 2}});
  CHECK(colours.labels()[0].spec.classes == 2);
  CHECK(colours.scaling().class_names("colour") == std::vector<std::string>{"red", "white"});
  xs::Sample sample;
  const std::vector<std::int32_t> indices = {0, 1, xs::ignore_label, 0};
  for (std::size_t i = 0; i < 4; ++i) {
    colours.load(i, sample);
    CHECK(sample.labels[0].indices[0] == indices[i]);
    CHECK(sample.labels[0].present == (i != 2));
  }
  const auto error = [&](const std::vector<xs::data::TableInput>& inputs,
                         const std::vector<xs::data::TableLabel>& labels) {
    return error_of<xs::Error>([&] { (void)set(inputs, labels); });
  };
  CHECK(contains(error({{.columns = {"colour"}}}, {}), "found 'red', expected numbers"));
  CHECK(contains(error({{.columns = {"x"}}}, {{.name = "l", .columns = {"colour"}}}), "found 'red', expected numbers"));
  CHECK(contains(error({{.columns = {"x"}}}, {{.name = "l", .columns = {"colour"}, .classes = 3}}),
                 "found 2 classes [red, white], expected 3"));
}

TEST_CASE("a column named twice is refused") {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& text) { return error_of<xs::Error>([&] { (void)parsed(folder, text); }); };
  CHECK(contains(error("a,b,a\n1,2,3\n"), "line 1: found two columns named 'a', expected one"));
  CHECK(contains(error("\n\"b c\",x, b c \n1,2,3\n"), "line 2: found two columns named 'b c'"));
  CHECK(parsed(folder, ",a,\n1,2,3\n").column("a") ==
        std::vector<double>{2});  // columns without a name are no obstacle
  const Table made_by_hand{"hand", {"x", "x"}, {{1, 2}, {3, 4}}};
  CHECK(contains(error_of<xs::Error>([&] { (void)made_by_hand.column("x"); }), "two columns named 'x'"));
  const Table uneven{"uneven", {"x", "y"}, {{1, 2}, {3}}};
  CHECK(contains(error_of<xs::Error>([&] { (void)uneven.column("y"); }), "unequal length"));
  CHECK(contains(error_of<xs::Error>(
                     [&] { TableSet(std::make_shared<const Table>(made()), {{.columns = {"x"}}}, {}, {20}, {0}); }),
                 "found 20 rows, row 21 wanted"));
}
