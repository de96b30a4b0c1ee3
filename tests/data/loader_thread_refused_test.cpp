// A loader of which the system refuses a thread joins the others and throws; it does not end the program.
#include <doctest/doctest.h>

#include <xstitch/data/loader.hpp>

#include <string>
#include <vector>

#include "../core/refused_threads.hpp"

namespace xs = xstitch;

namespace {

struct Numbers {
  [[nodiscard]] std::size_t size() const { return 10; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const { return {{"input", {1, 1, 1}, false}}; }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    return {{"a", {xs::LabelKind::class_index, {1, 1, 1}, {}, 10}}};
  }
  void load(std::size_t i, xs::Sample& s) const {
    s.inputs[0] = {static_cast<float>(i)};
    s.labels[0].indices = {static_cast<std::int32_t>(i)};
  }
  [[nodiscard]] std::string describe(std::size_t i) const { return std::to_string(i); }
};

std::size_t samples_of(const Numbers& data, std::size_t threads) {
  const std::vector<xs::InputSlot> inputs{{"a", 0, {1, 1, 1}}};
  xs::HeadSlot head;
  head.tower = "a";
  head.label = {xs::LabelKind::class_index, {1, 1, 1}, {}, 10};
  const std::vector<xs::HeadSlot> heads{head};
  xs::LoaderOptions options;
  options.batch = 3;
  options.epochs = 2;
  options.threads = threads;
  xs::Loader loader(xs::DataSetRef(data), inputs, heads, options);
  std::size_t samples = 0;
  while (const xs::LoadedBatch* loaded = loader.next()) samples += loaded->batch.size;
  return samples;
}

}  // namespace

TEST_CASE("a loader whose second, first or third thread cannot be started throws, and the next one works") {
  const Numbers data;
  for (const int granted : {1, 0, 2}) {
    CAPTURE(granted);
    threads_left = granted;
    const std::string text = "loader: thread " + std::to_string(granted + 1) + " of 3 could not be started";
    CHECK_THROWS_WITH_AS(samples_of(data, 3), doctest::Contains(text.c_str()), xs::Error);
    threads_left = -1;
    CHECK(samples_of(data, 3) == 20);
  }
}

TEST_CASE("a number of loader threads that cannot be is refused") {
  const Numbers data;
  CHECK_THROWS_WITH_AS(samples_of(data, ~std::size_t{0}), doctest::Contains("loader: found 18446744073709551615"),
                       xs::Error);
  CHECK(samples_of(data, 0) == 20);  // none: on the caller
}
