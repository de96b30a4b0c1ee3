// Memory that is refused while a text is made that a resume compares, or a message: std::bad_alloc, never a cut text.
#include <doctest/doctest.h>

#include <xstitch/data/augment.hpp>
#include <xstitch/layers/gradient_report.hpp>
#include <xstitch/train/adam.hpp>
#include <xstitch/train/schedule.hpp>
#include <xstitch/train/sgd.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../core/refused_memory.hpp"

namespace xs = xstitch;

namespace {

struct Streamed {
  std::string text;
  friend std::ostream& operator<<(std::ostream& out, const Streamed& part) { return out << part.text; }
};

/// A message with a path, and with a part that has no text but what it writes into a stream.
std::string message() {
  try {
    xs::fail("found ", std::filesystem::path("/a/folder/of/which/the/name/is/longer/than/a/string/holds/by/itself"),
             Streamed{" and what is longer than a stream's first buffer"}, " and ", 0.123456, ", expected another one");
  } catch (const xs::Error& error) {
    return error.what();
  }
  return "";
}

const std::vector<std::pair<const char*, std::function<std::string()>>> texts{
    {"Sgd", [] { return xs::Sgd{.learning_rate = 0.05F, .momentum = 0.9F, .weight_decay = 1e-3F}.describe(); }},
    {"Adam", [] { return xs::Adam{.learning_rate = 0.003F}.describe(); }},
    {"AdamW", [] { return xs::AdamW{.weight_decay = 0.1F}.describe(); }},
    {"polynomial", [] { return xs::Schedule::warm_up(2, xs::Schedule::polynomial(0.9)).describe(); }},
    {"multi_step",
     [] {
       return xs::Schedule::multi_step({1000, 20000, 300000}, 0.1).describe();
     }},
    {"step", [] { return xs::Schedule::step(123456789, 0.123456789).describe(); }},
    {"Augment", [] { return xs::Augment{.mirror = true, .smallest_crop = 0.6F, .contrast = 0.2F}.describe(); }},
    {"report",
     [] {
       return xs::GradientReport{{{"input", 0.1, 3}}, {"a problem that is long enough"}, false}.text();
     }},
    {"message", message}};

}  // namespace

TEST_CASE("a text is whole, or there is none") {
  for (const auto& [name, make] : texts) {
    CAPTURE(name);
    const std::string whole = make();
    long refused = 0;
    for (const bool for_good : {false, true})
      for (long k = 0;; ++k) {
        REQUIRE(k < 1000);
        std::string text;
        bool thrown = false;
        allocations_refused = 0;
        refused_for_good = for_good;
        allocations_left = k;
        try {
          text = make();
        } catch (const std::bad_alloc&) {
          thrown = true;
        }
        allocations_left = -1;
        if (allocations_refused == 0) break;  // there is no k-th allocation
        ++refused;
        if (!thrown) CHECK(text == whole);
      }
    CHECK(refused > 2);
  }
}
