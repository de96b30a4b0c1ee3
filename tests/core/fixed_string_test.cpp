#include <doctest/doctest.h>

#include <xstitch/core/fixed_string.hpp>

#include <string_view>
#include <type_traits>

namespace xs = xstitch;

namespace {

template <xs::FixedString Name>
struct Tag {
  static constexpr std::string_view name = Name.view();
};

}  // namespace

// The text is part of the type, so a name can be looked up at compile time.
static_assert(std::is_same_v<Tag<"conv1">, Tag<"conv1">>);
static_assert(!std::is_same_v<Tag<"conv1">, Tag<"conv2">>);
static_assert(!std::is_same_v<Tag<"conv">, Tag<"conv1">>);
static_assert(Tag<"conv1">::name == "conv1");
static_assert(Tag<"">::name.empty());

TEST_CASE("FixedString holds the text without its terminator") {
  constexpr xs::FixedString name{"pool5"};
  CHECK(name.view() == "pool5");
  CHECK(name.view().size() == 5);
  CHECK(name.text[5] == '\0');
}

TEST_CASE("FixedString compares texts of different length") {
  CHECK(xs::FixedString("fc6") == xs::FixedString("fc6"));
  CHECK(xs::FixedString("fc6") != xs::FixedString("fc7"));
  CHECK(xs::FixedString("fc") != xs::FixedString("fc6"));
  CHECK(xs::FixedString("fc6") != xs::FixedString("fc"));
}

TEST_CASE("Names compare number, order and text") {
  constexpr auto seams = xs::names("pool1", "pool2", "fc3");
  static_assert(seams.size() == 3);
  CHECK(seams[0] == "pool1");
  CHECK(seams[2] == "fc3");
  CHECK(seams == xs::names("pool1", "pool2", "fc3"));
  CHECK(seams != xs::names("pool2", "pool1", "fc3"));
  CHECK(seams != xs::names("pool1", "pool2"));
  CHECK(xs::names("pool1", "pool2") != seams);
  CHECK(xs::names() == xs::names());
  CHECK(xs::names() != xs::names(""));
}
