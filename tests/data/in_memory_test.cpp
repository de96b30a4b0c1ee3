// Samples kept in memory are those of the data set; an error names the sample.
#include <doctest/doctest.h>
#include <xstitch/data/in_memory.hpp>

#include <atomic>

namespace xs = xstitch;

namespace {
struct Numbers {
  mutable std::atomic<int> loads{0};
  std::size_t broken = 1000;
  [[nodiscard]] std::size_t size() const { return 50; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const { return {{"input", {1, 1, 2}, false}}; }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    return {{"t", {xs::LabelKind::real, {1, 1, 1}, {1, 1, 1}, 0}}};
  }
  void load(std::size_t i, xs::Sample& sample) const {
    ++loads;
    if (i == broken) xs::fail("no such number");
    sample.inputs = {{static_cast<float>(i), 1.0F}};
    sample.labels.resize(1);
    sample.labels[0].values = {static_cast<float>(i) * 2};
    sample.labels[0].present = i % 2 == 0;
  }
  [[nodiscard]] std::string describe(std::size_t i) const { return "number " + std::to_string(i); }
};
}  // namespace

TEST_CASE("every sample is made once and comes back") {
  const Numbers numbers;
  xs::ThreadPool threads(3);
  const xs::data::InMemory kept(numbers, threads);
  static_assert(xs::DataSet<xs::data::InMemory>);
  CHECK(numbers.loads == 50);
  REQUIRE(kept.size() == 50);
  xs::Sample sample;
  for (std::size_t i = 0; i < 50; ++i) {
    kept.load(i, sample);
    CHECK(sample.inputs[0][0] == static_cast<float>(i));
    CHECK(sample.labels[0].values[0] == static_cast<float>(i) * 2);
    CHECK(sample.labels[0].present == (i % 2 == 0));
  }
  CHECK(numbers.loads == 50);
  CHECK(kept.labels()[0].name == "t");
  CHECK(kept.describe(7) == "number 7");
  CHECK(xs::data::InMemory::bytes(numbers) == 50 * (2 * 4 + 4 + 1));
}

TEST_CASE("a sample that cannot be made is named") {
  Numbers numbers;
  numbers.broken = 33;
  xs::ThreadPool threads(2);
  CHECK_THROWS_WITH(xs::data::InMemory(numbers, threads), "sample 33 (number 33): no such number");
}
