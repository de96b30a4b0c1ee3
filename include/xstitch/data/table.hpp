#pragma once
/// \file
/// A table of numbers as a data set: some columns are inputs, others are labels of tasks.
///
///     const xs::data::Table table = xs::data::read_csv("wine.csv");
///     auto [train, test] = xs::data::table_sets(table, {{.name = "input", .columns = {"acid", "sugar"}}},
///                                               {{.name = "quality", .columns = {"score"}},
///                                                {.name = "colour", .columns = {"colour"}, .classes = 2}});
///     auto later = xs::data::table_set(xs::data::read_csv("new.csv"), inputs, labels, train.scaling());
///
/// Rows are dealt to train and test by a seed. Inputs and real labels are standardised, x -> (x - mean) /
/// standard_deviation, by the training rows alone (table_scaling.hpp; it can be saved with a network). A label of
/// classes is a column of whole numbers or of names.
/// Missing (NaN): a row with no value in any column of a label has no label for that task. Where it has some, the
/// label's element mask says which; the loss must look at it (ElementMasked<L2> for L2).
/// Errors: a column that is not there, a missing input value, a class that is no whole number below `classes`, another
/// number of names than `classes`, text where numbers are expected.

#include <xstitch/core/random.hpp>
#include <xstitch/data/table_columns.hpp>  // IWYU pragma: export
#include <xstitch/data/table_scaling.hpp>  // IWYU pragma: export
#include <xstitch/data/table_set.hpp>      // IWYU pragma: export

#include <cmath>
#include <cstddef>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// All rows of a table, standardised as another one was.
inline TableSet table_set(Table table, const std::vector<TableInput>& inputs, const std::vector<TableLabel>& labels,
                          const TableScaling& scaling) {
  std::vector<std::size_t> rows(table.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return {std::make_shared<const Table>(std::move(table)), inputs, labels, std::move(rows), scaling};
}

/// The rows of a table, divided.
struct TableSets {
  TableSet train;  ///< rows to train with
  TableSet test;   ///< rows to judge by
};

/// Deals the rows by `seed`: round(test_share rows) of them to the test set.
inline TableSets table_sets(Table table, const std::vector<TableInput>& inputs, const std::vector<TableLabel>& labels,
                            double test_share = 0.25, Seed seed = {1}) {
  const std::size_t count = table.rows();
  const auto tests = static_cast<std::size_t>(std::lround(test_share * static_cast<double>(count)));
  if (!(test_share > 0 && test_share < 1) || tests == 0 || tests >= count)
    fail("table ", table.path, ": found ", count, " rows and a test share of ", test_share,
         ", expected a row for each set at least");
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const RandomKey key = RandomKey(seed).with("table_sets");
  for (std::size_t i = count - 1; i > 0; --i) std::swap(order[i], order[static_cast<std::size_t>(key.below(i, i + 1))]);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(tests);
  const std::vector<std::size_t> test(order.begin(), middle), train(middle, order.end());
  const auto shared = std::make_shared<const Table>(std::move(table));
  return {{shared, inputs, labels, train, train}, {shared, inputs, labels, test, train}};
}

}  // namespace xstitch::inline XSTITCH_ISA::data
