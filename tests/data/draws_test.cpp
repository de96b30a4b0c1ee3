// Data sets whose samples are drawn again in each epoch: a function of seed, member, epoch and sample.
#include <xstitch/data/in_memory.hpp>
#include <xstitch/data/loader.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <string>
#include <vector>

namespace xs = xstitch;

namespace {

/// An image of 1 2 3 4, and a number that is drawn: 0 before any draw.
struct Drawn {
  std::atomic<std::size_t>* loads = nullptr;
  bool wrong = false;

  [[nodiscard]] std::size_t size() const { return 8; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const {
    return {{"input", {1, 4, 1}, true}, {"b", {1, 1, 1}, false}};
  }
  [[nodiscard]] std::vector<xs::LabelField> labels() const { return {{"a", {xs::LabelKind::real, {1, 4, 1}, {}, 0}}}; }
  void load(std::size_t, xs::Sample& sample) const {
    if (loads != nullptr) ++*loads;
    sample.inputs[0] = {1, 2, 3, 4};
    sample.inputs[1] = {0};
    sample.labels[0].values = {1, 2, 3, 4};
  }
  void draw(std::size_t index, xs::Sample& sample, xs::RandomKey key) const {
    CHECK(sample.inputs[0] == std::vector<float>{1, 2, 3, 4});  // before augmentation, whatever was drawn before
    sample.inputs[1] = {static_cast<float>(index) + key.uniform(0)};
    if (wrong) sample.inputs[1].push_back(0);
  }
};

std::vector<xs::InputSlot> inputs(int members = 1) {
  std::vector<xs::InputSlot> slots;
  for (int m = 0; m < members; ++m) {
    slots.push_back({"a", m, {1, 4, 1}});
    slots.push_back({"b", m, {1, 1, 1}});
  }
  return slots;
}
std::vector<xs::HeadSlot> heads(int members = 1) {
  std::vector<xs::HeadSlot> slots(static_cast<std::size_t>(members));
  for (int m = 0; m < members; ++m) {
    slots[static_cast<std::size_t>(m)].tower = "a";
    slots[static_cast<std::size_t>(m)].member = m;
    slots[static_cast<std::size_t>(m)].label = {xs::LabelKind::real, {1, 4, 1}, {}, 0};
  }
  return slots;
}

/// The drawn numbers of all batches.
std::vector<float> numbers(const Drawn& data, xs::LoaderOptions options, std::size_t slot = 1) {
  const int members = slot > 1 ? 2 : 1;
  xs::Loader loader(data, inputs(members), heads(members), options);
  std::vector<float> all;
  while (const xs::LoadedBatch* loaded = loader.next())
    all.insert(all.end(), loaded->batch.inputs[slot].begin(), loaded->batch.inputs[slot].end());
  return all;
}

}  // namespace

TEST_CASE("each epoch draws again, the same for the same seed, with any number of threads, cached or resumed") {
  const Drawn data;
  const xs::LoaderOptions options{.batch = 4, .seed = xs::seed(3), .epochs = 3, .threads = 0};
  const std::vector<float> first = numbers(data, options);
  REQUIRE(first.size() == 24);
  for (std::size_t i = 0; i < 24; ++i) CHECK(static_cast<std::size_t>(first[i]) == i % 8);
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(first[i] != first[i + 8]);
    CHECK(first[i + 8] != first[i + 16]);
  }
  auto other = options;
  other.threads = 3;
  CHECK(numbers(data, other) == first);
  other.augment.mirror = true;
  CHECK(numbers(data, other) == first);
  other = options;
  other.seed = xs::seed(4);
  CHECK(numbers(data, other) != first);
  other = options;
  other.first_epoch = 1;
  other.first_position = 4;
  other.epochs = 2;
  CHECK(numbers(data, other) == std::vector<float>(first.begin() + 12, first.end()));

  std::atomic<std::size_t> loads{0};
  other = options;
  other.cache = true;
  CHECK(numbers(Drawn{.loads = &loads}, other) == first);
  CHECK(loads == 8);
}

TEST_CASE("ensemble members draw for themselves") {
  const xs::LoaderOptions options{.batch = 4, .shuffle = true, .epochs = 1, .threads = 0};
  const auto fractions = [](std::vector<float> all) {
    std::vector<float> of(8);
    for (const float v : all) of[static_cast<std::size_t>(v)] = v - std::floor(v);
    return of;
  };
  const std::vector<float> a = fractions(numbers({}, options, 1)), b = fractions(numbers({}, options, 3));
  for (std::size_t i = 0; i < 8; ++i) CHECK(a[i] != b[i]);
}

TEST_CASE("what is drawn must fit, and does not stay") {
  const Drawn long_draw{.wrong = true};
  xs::Loader loader(long_draw, inputs(), heads(), {.batch = 2, .threads = 0});
  CHECK_THROWS_WITH_AS(loader.next(), "sample 0: input \"b\" has 2 numbers, expected 1 (1x1x1)", xs::Error);
  xs::ThreadPool threads(1);
  const Drawn data;
  CHECK_THROWS_WITH_AS((xs::data::InMemory{data, threads}),
                       "InMemory: found a data set that draws its samples again in each epoch, expected samples that "
                       "stay (see TrainOptions::cache)",
                       xs::Error);
}
