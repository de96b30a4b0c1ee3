// Memory that ends while JSON is copied or read: every k-th operator new of this program fails in turn.
#include <xstitch/io/json.hpp>

#include <doctest/doctest.h>

#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "../core/failing_new.hpp"

namespace xs = xstitch;
using namespace xstitch_test;

namespace {

const std::string long_text = "a text that is too long for the string's own memory";

xs::Json nested() {
  xs::Json inner;
  inner.set("name", long_text).set("list", xs::Json::Array{xs::Json(1.5), xs::Json(long_text), xs::Json(true)});
  xs::Json out;
  out.set(long_text, inner).set("lists", xs::Json::Array{inner, xs::Json(xs::Json::Array{inner, xs::Json(nullptr)})});
  return out;
}

}  // namespace

static_assert(std::is_nothrow_move_constructible_v<xs::Json> && std::is_nothrow_move_assignable_v<xs::Json>);

TEST_CASE("a copy that finds no memory leaves the original, and nothing else" * doctest::skip(!new_can_fail)) {
  const xs::Json value = nested();
  const std::string text = value.text();
  const auto same = [&](bool) { CHECK(value.text() == text); };
  CHECK(each_failure([&] { const xs::Json copy(value); }, same) > 10);
  CHECK(each_failure([&] { const xs::Json::Array copies(3, value); }, same) > 30);
  CHECK(each_failure([&] { const xs::Json::Object copy = value.object(); }, same) > 10);
  const xs::Json only_text(long_text);
  CHECK(each_failure([&] { const xs::Json copy(only_text); }, same) == 2);
}

TEST_CASE("an assignment that finds no memory leaves both values" * doctest::skip(!new_can_fail)) {
  const xs::Json value = nested();
  const std::string text = value.text();
  for (const xs::Json& old : {xs::Json(), xs::Json(3), xs::Json(long_text), xs::Json(xs::Json::Array{value, value})}) {
    xs::Json to = old;
    for (std::size_t k = 1;; ++k) {
      fail_at = k;
      bool ended = false;
      try {
        to = value;
        ended = true;
      } catch (const std::bad_alloc&) {
      }
      fail_at = 0;
      CAPTURE(k);
      CHECK(to == (ended ? value : old));
      CHECK(value.text() == text);
      if (ended) break;
    }
    const xs::Json& itself = to;
    to = itself;
    CHECK(to == value);
    to = to.object()[1].second;  // a part of itself
    CHECK(to == value.object()[1].second);
  }
}

TEST_CASE("members are set or not" * doctest::skip(!new_can_fail)) {
  const xs::Json value = nested();
  const std::size_t failures = each_failure(
      [&] {
        xs::Json to;
        to.set(long_text, value).set("b", value);
        to.set(long_text, value);
      },
      [](bool) {});
  CHECK(failures > 30);
}

TEST_CASE("reading text without memory is an Error with the name" * doctest::skip(!new_can_fail)) {
  const std::string text = nested().text();
  std::size_t errors = 0;
  for (std::size_t k = 1;; ++k) {
    const std::size_t before = living;
    bool read = false, named = true;
    fail_at = k;
    try {
      const xs::Json value = xs::Json::parse(text, "file.json");
      read = true;
    } catch (const xs::Error& error) {
      fail_at = 0;
      named = std::string(error.what()).starts_with("file.json");
      ++errors;
    }
    fail_at = 0;
    CAPTURE(k);
    CHECK(named);
    CHECK(living == before);
    if (read) break;
  }
  CHECK(errors > 20);
}
