#include <xstitch/core/name_pattern.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace pattern = xstitch::name_pattern;

TEST_CASE("a pattern with * matches whole names, one without the names that begin so") {
  CHECK(pattern::matches("upper.", "upper.conv1.weight"));
  CHECK(pattern::matches("upper.conv1", "upper.conv10.weight"));
  CHECK_FALSE(pattern::matches("conv1", "upper.conv1.weight"));
  CHECK(pattern::matches("", "anything"));
  CHECK(pattern::matches("*", ""));
  CHECK(pattern::matches("*.bias", "upper.conv1.bias"));
  CHECK_FALSE(pattern::matches("*.bias", "upper.conv1.bias2"));
  CHECK_FALSE(pattern::matches("*.bias", "upper.bias.weight"));
  CHECK(pattern::matches("upper.*.weight", "upper.layer1.0.conv1.weight"));
  CHECK_FALSE(pattern::matches("upper.conv1.*", "upper.conv10.weight"));
  CHECK(pattern::matches("*a*a*b", "aaab"));
  CHECK_FALSE(pattern::matches("*a*a*b", "ab"));
  CHECK(pattern::matches("a**c*", "abc"));
  CHECK(pattern::matches("*conv*", "conv"));
  // Would take the age of the universe if every "*" tried every length.
  const std::string many(2000, 'a');
  std::string stars;
  for (int i = 0; i < 30; ++i) stars += "a*";
  CHECK_FALSE(pattern::matches(stars + "b", many));
}

TEST_CASE("the distance is 0 exactly where a pattern matches, and counts letters elsewhere") {
  for (const std::string_view p : {"*.bias", "a*", "a.b", "*a*a*b", "a**c*", "*", "", "ab*ba"})
    for (const std::string_view name : {"", "a", "a.b", "a.bc", "x.bias", "aaab", "ab", "abba", "aba", "abc"}) {
      INFO(p, " and ", name);
      CHECK((pattern::distance(p, name) == 0) == pattern::matches(p, name));
    }
  CHECK(pattern::distance("uper.*", "upper.conv1.weight") == 1);
  CHECK(pattern::distance("*.bais", "upper.conv1.bias") == 2);
  CHECK(pattern::distance("upper.konv", "upper.conv1.weight") == 1);
}

TEST_CASE("the nearest names") {
  CHECK(pattern::nearest("b.con1.*", {"a.conv1.weight", "a.conv1.bias", "b.conv1.weight", "b.conv1.bias",
                                      "b.fc.weight"}) == R"("b.conv1.weight", "b.conv1.bias", "a.conv1.weight")");
  CHECK(pattern::nearest("x", {"a"}) == R"("a")");
  CHECK(pattern::nearest("x", {}).empty());
}
