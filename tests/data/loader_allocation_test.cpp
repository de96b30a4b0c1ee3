// After its first epoch the loader takes no more memory: every allocation of the program is counted here.
#include <xstitch/data/loader.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> allocations{0};
}

// The sanitizers bring allocators of their own, which cannot be replaced.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#elif defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif

#ifdef SANITIZED
constexpr bool counting = false;
#else
constexpr bool counting = true;

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto a = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(a, (size + a - 1) / a * a)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
#endif

namespace xs = xstitch;

namespace {

struct Images {
  [[nodiscard]] std::size_t size() const { return 50; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const { return {{"input", {8, 8, 3}, true}}; }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    return {{"a", {xs::LabelKind::class_index, {8, 8, 1}, {}, 5}},
            {"b", {xs::LabelKind::unit_normal, {8, 8, 3}, {8, 8, 1}, 0}}};
  }
  void load(std::size_t index, xs::Sample& s) const {
    s.inputs[0].assign(192, static_cast<float>(index));
    s.labels[0].indices.assign(64, 3);
    s.labels[1].values.assign(192, 0.5F);
    s.labels[1].mask.assign(64, 1);
  }
};

}  // namespace

TEST_CASE("no allocation after the first epoch, with augmentation, shuffling and prefetching" *
          doctest::skip(!counting)) {
  const Images data;
  const std::vector<xs::InputSlot> inputs{{"a", 0, {8, 8, 3}}, {"b", 0, {8, 8, 3}}};
  std::vector<xs::HeadSlot> heads(2);
  heads[0].tower = "a";
  heads[0].label = data.labels()[0].spec;
  heads[1].tower = "b";
  heads[1].label = data.labels()[1].spec;
  for (const std::size_t threads : {0UL, 1UL, 2UL}) {
    xs::Loader loader(data, inputs, heads,
                      {.batch = 8,
                       .shuffle = true,
                       .augment = {.mirror = true, .smallest_crop = 0.5F, .contrast = 0.2F},
                       .threads = threads,
                       .queue = 3});
    std::uint64_t epoch = 0;
    while (epoch < 1) epoch = loader.next()->epoch;
    const std::size_t before = allocations;
    while (epoch < 8) epoch = loader.next()->epoch;
    const std::size_t taken = allocations - before;
    CAPTURE(threads);
    CHECK(taken == 0);
  }
  CHECK(allocations > 100);  // the counter counts
}
