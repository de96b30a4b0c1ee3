#include <xstitch/data/loader.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace xs = xstitch;

namespace {

/// Sample i: an image of 2x2 that holds 10 i + pixel; class i % 3; a real value i for even i only.
struct Numbers {
  std::size_t count = 10;
  std::set<std::size_t> broken{};
  bool slow = false;
  std::atomic<std::size_t>* loads = nullptr;

  [[nodiscard]] std::size_t size() const { return count; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const {
    return {{"input", {2, 2, 1}, true}, {"b", {1, 1, 2}, false}};
  }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    return {{"a", {xs::LabelKind::class_index, {1, 1, 1}, {}, 3}},
            {"b.value", {xs::LabelKind::real, {1, 1, 1}, {1, 1, 1}, 0}}};
  }
  void load(std::size_t i, xs::Sample& s) const {
    if (loads != nullptr) ++*loads;
    if (slow) std::this_thread::sleep_for(std::chrono::microseconds((i * 7919) % 500));
    if (broken.contains(i)) throw std::runtime_error("bad pixel");
    const float base = 10.0F * static_cast<float>(i);
    s.inputs[0] = {base, base + 1, base + 2, base + 3};
    s.inputs[1] = {static_cast<float>(i), -static_cast<float>(i)};
    s.labels[0].indices = {static_cast<std::int32_t>(i % 3)};
    s.labels[1].present = i % 2 == 0;
    if (i % 2 == 0) {
      s.labels[1].values = {static_cast<float>(i)};
      if (i % 4 == 0) s.labels[1].mask = {0};
    }
  }
  [[nodiscard]] std::string describe(std::size_t i) const { return "file" + std::to_string(i) + ".png"; }
};

/// Two towers, "a" on the common input and "b" on its own, in so many ensemble members.
struct Slots {
  std::vector<xs::InputSlot> inputs;
  std::vector<xs::HeadSlot> heads;
  explicit Slots(int members = 1) {
    for (int m = 0; m < members; ++m) {
      inputs.push_back({"a", m, {2, 2, 1}});
      inputs.push_back({"b", m, {1, 1, 2}});
      inputs.push_back({"c", m, {2, 2, 1}});
      xs::HeadSlot a, b;
      a.tower = "a";
      a.member = m;
      a.label = {xs::LabelKind::class_index, {1, 1, 1}, {}, 3};
      b.tower = "b";
      b.head = "value";
      b.member = m;
      b.label = {xs::LabelKind::real, {1, 1, 1}, {1, 1, 1}, 0};
      heads.push_back(a);
      heads.push_back(b);
    }
  }
};

std::vector<float> plain(const auto& values) { return {values.begin(), values.end()}; }

/// Everything that comes out, as one list of numbers.
std::vector<float> drain(xs::Loader& loader) {
  std::vector<float> all;
  while (const xs::LoadedBatch* loaded = loader.next()) {
    all.push_back(static_cast<float>(loaded->batch.size));
    for (const auto& input : loaded->batch.inputs) all.insert(all.end(), input.begin(), input.end());
    for (const xs::LabelBatch& label : loaded->batch.labels) {
      all.insert(all.end(), label.indices.begin(), label.indices.end());
      all.insert(all.end(), label.values.begin(), label.values.end());
      all.insert(all.end(), label.mask.begin(), label.mask.end());
      all.insert(all.end(), label.present.begin(), label.present.end());
    }
  }
  return all;
}

template <class Function>
std::string error_of(Function&& f) {
  try {
    f();
  } catch (const xs::Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("in order, with a partial last batch, shared inputs and absent labels") {
  const Numbers data;
  const Slots slots;
  xs::Loader loader(data, slots.inputs, slots.heads, {.batch = 4, .epochs = 1});
  CHECK(loader.batches_per_epoch() == 3);
  const xs::LoadedBatch* first = loader.next();
  REQUIRE(first != nullptr);
  CHECK(first->batch.size == 4);
  CHECK(plain(first->batch.inputs[0]) ==
        std::vector<float>{0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33});
  CHECK(plain(first->batch.inputs[1]) == std::vector<float>{0, -0.0F, 1, -1, 2, -2, 3, -3});
  CHECK(first->batch.inputs[2].empty());
  CHECK(first->batch.shared_input == std::vector<std::size_t>{0, 1, 0});
  CHECK(first->batch.labels[0].indices == std::vector<std::int32_t>{0, 1, 2, 0});
  CHECK(first->batch.labels[0].present == std::vector<std::uint8_t>{1, 1, 1, 1});
  CHECK(first->batch.labels[0].mask.empty());
  CHECK(first->batch.labels[1].values == std::vector<float>{0, 0, 2, 0});
  CHECK(first->batch.labels[1].present == std::vector<std::uint8_t>{1, 0, 1, 0});
  CHECK(first->batch.labels[1].mask == std::vector<std::uint8_t>{0, 0, 1, 0});
  CHECK_FALSE(first->last_of_epoch);
  REQUIRE(loader.next() != nullptr);
  const xs::LoadedBatch* last = loader.next();
  REQUIRE(last != nullptr);
  CHECK(last->batch.size == 2);
  CHECK(last->position == 8);
  CHECK(last->last_of_epoch);
  CHECK(plain(last->batch.inputs[0]) == std::vector<float>{80, 81, 82, 83, 90, 91, 92, 93});
  CHECK(loader.next() == nullptr);
  CHECK(loader.next() == nullptr);
}

TEST_CASE("drop_last leaves out the small last batch of each epoch, on the caller's thread and on others") {
  const Numbers data;
  const Slots slots;
  for (const std::size_t threads : {0UL, 1UL, 3UL}) {
    xs::Loader loader(data, slots.inputs, slots.heads,
                      {.batch = 4, .drop_last = true, .shuffle = true, .epochs = 2, .threads = threads});
    CHECK(loader.batches_per_epoch() == 2);
    for (std::uint64_t i = 0; i < 4; ++i) {
      const xs::LoadedBatch* loaded = loader.next();
      REQUIRE(loaded != nullptr);
      CHECK(loaded->batch.size == 4);
      CHECK(loaded->epoch == i / 2);
      CHECK(loaded->position == 4 * (i % 2));
      CHECK(loaded->last_of_epoch == (i % 2 == 1));
    }
    CHECK(loader.next() == nullptr);
  }
  // nothing is left out where nothing is left
  xs::Loader even(data, slots.inputs, slots.heads, {.batch = 5, .drop_last = true, .epochs = 1});
  CHECK(even.batches_per_epoch() == 2);
  CHECK(even.next()->last_of_epoch == false);
  CHECK(even.next()->last_of_epoch);
  CHECK(even.next() == nullptr);
  // continues in the middle of an epoch with what a loader that ran through gives
  const xs::LoaderOptions options{.batch = 3, .drop_last = true, .shuffle = true, .seed = xs::seed(5)};
  xs::LoaderOptions rest = options;
  rest.first_epoch = 1;
  rest.first_position = 6;
  rest.epochs = 2;
  xs::Loader whole(data, slots.inputs, slots.heads, options), part(data, slots.inputs, slots.heads, rest);
  for (int i = 0; i < 5; ++i) whole.next();
  for (int i = 0; i < 4; ++i) CHECK(plain(whole.next()->batch.inputs[1]) == plain(part.next()->batch.inputs[1]));
  CHECK(part.next() == nullptr);
  const std::string error =
      error_of([&] { xs::Loader(data, slots.inputs, slots.heads, {.batch = 11, .drop_last = true}); });
  CHECK_MESSAGE(error.find("found drop_last with batches of 11 and 10 samples") != std::string::npos, error);
}

TEST_CASE("sizes that no machine has: a batch of all samples, or an error") {
  const Numbers data;
  const Slots slots;
  for (const std::size_t batch : {~std::size_t{0}, ~std::size_t{0} - 8, std::size_t{1} << 62}) {
    xs::Loader loader(data, slots.inputs, slots.heads, {.batch = batch, .epochs = 2});
    CHECK(loader.batches_per_epoch() == 1);
    CHECK(loader.next()->batch.size == 10);
    CHECK(loader.next()->batch.size == 10);
    CHECK(loader.next() == nullptr);
  }
  CHECK(error_of([&] {
          xs::Loader(data, slots.inputs, slots.heads, {.batch = 1, .epochs = std::uint64_t{1} << 62});
        }).find("found epochs = 4611686018427387904 of 10 batches") != std::string::npos);
  const Numbers endless{.count = std::size_t{1} << 61};
  CHECK(error_of([&] {
          xs::Loader(endless, slots.inputs, slots.heads, {.batch = ~std::size_t{0}});
        }).find("found batches of 2305843009213693952 samples of 2x2x1") != std::string::npos);
  CHECK(error_of([&] {
          xs::Loader(data, slots.inputs, slots.heads, {.batch = 2, .queue = ~std::size_t{0}});
        }).find("found queue = 18446744073709551615") != std::string::npos);
}

TEST_CASE("an epoch holds every sample once, each epoch in another order") {
  const Numbers data{.count = 50};
  const Slots slots;
  xs::Loader loader(data, slots.inputs, slots.heads, {.batch = 7, .shuffle = true, .seed = xs::seed(3), .epochs = 2});
  std::vector<float> order[2];
  while (const xs::LoadedBatch* loaded = loader.next())
    for (std::size_t n = 0; n < loaded->batch.size; ++n) order[loaded->epoch].push_back(loaded->batch.inputs[1][2 * n]);
  CHECK(order[0] != order[1]);
  for (std::vector<float>& epoch : order) {
    CHECK_FALSE(std::is_sorted(epoch.begin(), epoch.end()));
    std::sort(epoch.begin(), epoch.end());
    REQUIRE(epoch.size() == 50);
    for (std::size_t i = 0; i < 50; ++i) CHECK(epoch[i] == static_cast<float>(i));
  }
}

TEST_CASE("members of an ensemble have orders of their own; labels stay with their images") {
  const Numbers data{.count = 30};
  const Slots slots(2);
  xs::Loader loader(data, slots.inputs, slots.heads, {.batch = 30, .shuffle = true, .seed = xs::seed(3), .epochs = 1});
  const xs::LoadedBatch* loaded = loader.next();
  REQUIRE(loaded != nullptr);
  CHECK(loaded->batch.shared_input == std::vector<std::size_t>{0, 1, 0, 3, 4, 3});
  CHECK(loaded->batch.inputs[1] != loaded->batch.inputs[4]);
  for (std::size_t m = 0; m < 2; ++m)
    for (std::size_t n = 0; n < 30; ++n) {
      const float i = loaded->batch.inputs[3 * m + 1][2 * n];
      CHECK(loaded->batch.inputs[3 * m][4 * n] == 10.0F * i);
      CHECK(loaded->batch.labels[2 * m].indices[n] == static_cast<int>(i) % 3);
      CHECK(loaded->batch.labels[2 * m + 1].present[n] == (static_cast<int>(i) % 2 == 0 ? 1 : 0));
    }
  // in evaluation all members see the same samples
  xs::Loader in_order(data, slots.inputs, slots.heads, {.batch = 30, .epochs = 1});
  CHECK(in_order.next()->batch.shared_input == std::vector<std::size_t>{0, 1, 0, 0, 1, 0});
}

TEST_CASE("batches are the same on any number of threads") {
  const Numbers data{.count = 40, .slow = true};
  const Slots slots(2);
  std::vector<float> expected;
  for (const std::size_t threads : {0UL, 1UL, 3UL, 5UL}) {
    xs::Loader loader(data, slots.inputs, slots.heads,
                      {.batch = 6,
                       .shuffle = true,
                       .seed = xs::seed(9),
                       .augment = {.mirror = true, .brightness = 0.3F},
                       .epochs = 3,
                       .threads = threads,
                       .queue = 2});
    const std::vector<float> all = drain(loader);
    if (expected.empty()) expected = all;
    CAPTURE(threads);
    CHECK(all == expected);
  }
  CHECK(expected.size() > 1000);
}

TEST_CASE("a resume at any batch continues with the same batches") {
  const Numbers data{.count = 11};
  const Slots slots;
  const xs::LoaderOptions options{
      .batch = 4, .shuffle = true, .seed = xs::seed(1), .augment = {.mirror = true}, .epochs = 3};
  for (std::size_t done = 0; done < 9; ++done) {
    xs::Loader whole(data, slots.inputs, slots.heads, options);
    for (std::size_t i = 0; i < done; ++i) REQUIRE(whole.next() != nullptr);
    xs::LoaderOptions rest = options;
    rest.first_epoch = done / 3;
    rest.first_position = done % 3 * 4;
    rest.epochs = 3 - done / 3;
    xs::Loader resumed(data, slots.inputs, slots.heads, rest);
    const std::vector<float> expected = drain(whole);
    CHECK_FALSE(expected.empty());
    CHECK(drain(resumed) == expected);
  }
}

TEST_CASE("a cache loads each sample once and changes nothing") {
  std::atomic<std::size_t> loads{0};
  const Numbers data{.count = 20, .loads = &loads};
  const Slots slots;
  xs::LoaderOptions options{.batch = 6, .shuffle = true, .augment = {.mirror = true}, .epochs = 4};
  xs::Loader uncached(data, slots.inputs, slots.heads, options);
  const std::vector<float> expected = drain(uncached);
  CHECK(loads == 80);
  loads = 0;
  options.cache = true;
  xs::Loader cached(data, slots.inputs, slots.heads, options);
  CHECK(drain(cached) == expected);
  CHECK(loads == 20);
}

TEST_CASE("an error in a sample is told with index and file") {
  const Numbers data{.broken = {5}};
  const Slots slots;
  for (const std::size_t threads : {0UL, 2UL}) {
    xs::Loader loader(data, slots.inputs, slots.heads, {.batch = 4, .epochs = 1, .threads = threads});
    REQUIRE(loader.next() != nullptr);
    for (int again = 0; again < 2; ++again)
      CHECK_THROWS_WITH_AS((void)loader.next(), "sample 5 (file5.png): bad pixel", xs::Error);
  }
}

TEST_CASE("skipping takes the next sample that loads, and counts") {
  const Numbers data{.broken = {5, 6, 9}};
  const Slots slots;
  xs::Loader loader(data, slots.inputs, slots.heads, {.batch = 10, .epochs = 1, .on_error = xs::OnError::skip});
  const xs::LoadedBatch* loaded = loader.next();
  REQUIRE(loaded != nullptr);
  const std::vector<float> indices{0, 1, 2, 3, 4, 7, 7, 7, 8, 0};
  for (std::size_t n = 0; n < 10; ++n) CHECK(loaded->batch.inputs[1][2 * n] == indices[n]);
  CHECK(loader.skipped() == 4);
  REQUIRE(loaded->skipped.size() == 4);
  CHECK(loaded->skipped[0] == "sample 5 (file5.png): bad pixel");
  const Numbers all_broken{.count = 2, .broken = {0, 1}};
  xs::Loader none(all_broken, slots.inputs, slots.heads, {.batch = 1, .epochs = 1, .on_error = xs::OnError::skip});
  CHECK(error_of([&] { (void)none.next(); }).find("no sample of the data set loads") != std::string::npos);
}

TEST_CASE("what does not fit is said all at once, with what is offered") {
  const Numbers data;
  Slots slots;
  slots.inputs[0].shape = {4, 4, 1};
  slots.heads[0].label.classes = 5;
  slots.heads[1].head = "other";
  const std::string error = error_of([&] { xs::Loader loader(data, slots.inputs, slots.heads, {}); });
  CHECK(
      error ==
      "the data set does not fit the network:\n"
      "  tower \"a\" wants an input of 4x4x1; \"input\" of the data set is 2x2x1\n"
      "  head \"a\" wants class index 1x1x1 of 5 classes; the data set's label is class index 1x1x1 of 3 classes: the "
      "numbers of classes differ\n"
      "  head \"b.other\" wants a label of that name, real 1x1x1 with mask 1x1x1; the data set offers \"a\" (class "
      "index "
      "1x1x1 of 3 classes), \"b.value\" (real 1x1x1 with mask 1x1x1)");
}

TEST_CASE("kinds, masks and shapes of labels") {
  using xs::LabelKind;
  const xs::LabelSpec normals{LabelKind::unit_normal, {2, 2, 3}, {2, 2, 1}, 0};
  const xs::LabelSpec real{LabelKind::real, {2, 2, 3}, {2, 2, 1}, 0};
  const xs::LabelSpec classes{LabelKind::class_index, {2, 2, 1}, {}, 5};
  xs::LabelSpec no_mask = real, other_mask = real, small = real;
  no_mask.mask = {};
  other_mask.mask = {2, 2, 3};
  small.shape = {1, 2, 3};
  const auto refusal = [](const xs::LabelSpec& have, const xs::LabelSpec& want) {
    struct Labelled : Numbers {
      xs::LabelSpec spec;
      [[nodiscard]] std::vector<xs::LabelField> labels() const { return {{"a", spec}}; }
    } data;
    data.spec = have;
    xs::HeadSlot head;
    head.tower = "a";
    head.label = want;
    const std::vector<xs::HeadSlot> heads{head};
    return error_of([&] { (void)xs::bind(data, {}, heads); });
  };
  CHECK(refusal(normals, normals) == "no error");
  CHECK(refusal(normals, real) == "no error");
  CHECK(refusal(no_mask, real) == "no error");
  CHECK(refusal(real, normals) ==
        "the data set does not fit the network:\n"
        "  head \"a\" wants unit normal 2x2x3 with mask 2x2x1; the data set's label is real 2x2x3 with mask 2x2x1: the "
        "kinds differ");
  CHECK(refusal(classes, real).ends_with(": the kinds differ"));
  CHECK(refusal(real, classes).ends_with(": the kinds differ"));
  CHECK(refusal(real, no_mask).ends_with(": the loss would ignore the mask"));
  CHECK(refusal(other_mask, real)
            .ends_with(": the masks differ: elements of the label are missing, which ElementMasked<loss> looks at"));
  CHECK(refusal(real, other_mask).ends_with(": the masks differ"));
  CHECK(refusal(small, real).ends_with(": the shapes differ"));
}

TEST_CASE("boxes that are no rows of five are refused") {
  struct Rows : Numbers {
    [[nodiscard]] std::vector<xs::InputField> inputs() const { return {{"boxes", {3, 1, 4}}}; }
  };
  const std::vector<xs::InputSlot> inputs{{"a", 0, {3, 1, 4}, "boxes", xs::InputKind::boxes}};
  CHECK(
      error_of([&] { (void)xs::bind(Rows{}, inputs, {}); }) ==
      "the data set does not fit the network:\n"
      "  input \"a.boxes\" (boxes) of tower \"a\" wants a field of 3x1x4: boxes are n x 1 x 5, (1 if used, x0, y0, x1, "
      "y1) each; found 3x1x4");
}

namespace {

/// Breaks one promise of a data set.
struct Liar {
  int lie = 0;
  [[nodiscard]] std::size_t size() const { return lie == 1 ? 0 : 3; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const {
    std::vector<xs::InputField> fields{{"input", {2, 2, 1}, true}};
    if (lie == 2) fields.push_back(fields[0]);
    return fields;
  }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    return {{"a", {xs::LabelKind::class_index, {1, 1, 1}, {}, 3}}};
  }
  void load(std::size_t, xs::Sample& s) const {
    s.inputs[0].assign(lie == 3 ? 3 : 4, 0.0F);
    s.labels[0].indices.assign(lie == 4 ? 2 : 1, lie == 5 ? 3 : 2);
    if (lie == 6) s.labels[0].mask = {1};
    if (lie == 7) s.labels.clear();
  }
};

}  // namespace

TEST_CASE("a data set that breaks its word is named, not believed") {
  const Slots slots;
  const std::vector<xs::InputSlot> inputs{slots.inputs[0]};
  const std::vector<xs::HeadSlot> heads{slots.heads[0]};
  const char* messages[] = {"no error",
                            "no samples",
                            "two inputs are named",
                            "has 3 numbers, expected 4",
                            "has 2 numbers, expected 1",
                            "has class 3, expected below 3",
                            "has a mask of 1, expected 0",
                            "1 inputs and 0 labels, expected 1 and 1"};
  for (int lie = 0; lie < 8; ++lie) {
    const Liar data{lie};
    const std::string error = error_of([&] {
      xs::Loader loader(data, inputs, heads, {.batch = 2, .epochs = 1});
      while (loader.next() != nullptr) {
      }
    });
    CHECK_MESSAGE(error.find(messages[lie]) != std::string::npos, error);
  }
  const Liar data;
  CHECK_THROWS_AS(xs::Loader(data, inputs, heads, {.batch = 0}), xs::Error);
  CHECK_THROWS_AS(xs::Loader(data, inputs, heads, {.first_position = 3}), xs::Error);
}

TEST_CASE("an unfinished loader ends without waiting for the rest") {
  const Numbers data{.count = 100000, .slow = true};
  const Slots slots;
  xs::Loader loader(data, slots.inputs, slots.heads, {.batch = 3, .threads = 3, .queue = 4});
  CHECK(loader.next() != nullptr);
}

/// Even places of an epoch hold sample 3, odd ones count down; from epoch 1 on (a key of its own) with an error.
struct Ordered : Numbers {
  std::uint64_t good_key = 0;
  void order(std::span<std::size_t> indices, xs::RandomKey key) const {
    for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = i % 2 == 0 ? 3 : count - 1 - i;
    if (good_key != 0 && key.value() != good_key) indices[0] = count;
  }
};

TEST_CASE("loader: a data set that chooses the samples of an epoch") {
  Ordered data;
  const Slots slots;
  for (const std::size_t threads : {0U, 2U}) {
    xs::Loader loader(data, slots.inputs, slots.heads,
                      {.batch = 4, .shuffle = true, .seed = xs::seed(7), .epochs = 2, .threads = threads});
    const xs::LoadedBatch* loaded = loader.next();
    REQUIRE(loaded != nullptr);
    CHECK(loaded->batch.inputs[0][0] == 30.0F);
    CHECK(loaded->batch.inputs[0][4] == 80.0F);
    CHECK(loaded->batch.inputs[0][8] == 30.0F);
    CHECK(loaded->batch.inputs[0][12] == 60.0F);
  }
  // Without shuffling the order is the data's own.
  xs::Loader plain(data, slots.inputs, slots.heads, {.batch = 4, .shuffle = false, .threads = 0});
  CHECK(plain.next()->batch.inputs[0][0] == 0.0F);
  // A sample that is not there: an error at the epoch's first batch, whichever thread made the order.
  data.good_key = xs::RandomKey(xs::seed(7)).with("order").with(std::uint64_t{0}).with(std::uint64_t{0}).value();
  for (const std::size_t threads : {0U, 2U}) {
    xs::Loader loader(data, slots.inputs, slots.heads,
                      {.batch = 5, .shuffle = true, .seed = xs::seed(7), .epochs = 2, .threads = threads});
    CHECK(loader.next() != nullptr);
    CHECK(loader.next() != nullptr);
    CHECK_THROWS_WITH((void)loader.next(), "order of the data set: found sample 10, expected one below 10");
  }
}
