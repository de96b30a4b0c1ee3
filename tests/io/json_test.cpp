#include <xstitch/core/random.hpp>
#include <xstitch/io/json.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cstring>
#include <limits>
#include <string>

namespace xs = xstitch;
using xs::Json;

namespace {

std::string error_of(std::string_view text) {
  try {
    (void)Json::parse(text, "file.json");
  } catch (const xs::Error& error) {
    return error.what();
  }
  return "no error";
}

const char* const sample = R"({"a": [1, -2.5e3, true, false, null], "b": {"c": "x\"\\\/\b\f\n\r\té€😀"}, "é": ""})";

}  // namespace

TEST_CASE("reads every kind of value") {
  const Json value = Json::parse(sample);
  CHECK(value.at("a").array().size() == 5);
  CHECK(value.at("a").array()[0].whole() == 1);
  CHECK(value.at("a").array()[1].number() == -2500.0);
  CHECK(value.at("a").array()[2].boolean());
  CHECK_FALSE(value.at("a").array()[3].boolean());
  CHECK(value.at("a").array()[4].is_null());
  CHECK(value.at("b").at("c").string() == "x\"\\/\b\f\n\r\té€😀");
  CHECK(value.find("nothing") == nullptr);
  CHECK(Json::parse(R"("\u0041\u00e9\u20ac\ud83d\ude00\u0000")").string() == std::string("Aé€😀\0", 11));
  CHECK(Json::parse(" \t\r\n[ ] ").array().empty());
  CHECK(Json::parse("{ }").object().empty());
}

TEST_CASE("writes what it reads") {
  const Json value = Json::parse(sample);
  CHECK(Json::parse(value.text()) == value);
  CHECK(Json::parse(value.text(2)) == value);
  CHECK(Json().set("x", 1).set("y", Json::Array{Json(true), Json("s")}).set("x", 2).text() ==
        R"({"x": 2, "y": [true, "s"]})");
  CHECK(Json().set("x", Json::Array{1, 2}).text(2) == "{\n  \"x\": [\n    1,\n    2\n  ]\n}");
  CHECK(Json("\x01\x1f").text() == "\"\\u0001\\u001f\"");
  CHECK(Json("a\xff").text() == "\"a\\ufffd\"");
}

TEST_CASE("doubles come back with the same bits") {
  const xs::RandomKey key(xs::seed(1));
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const double value = std::bit_cast<double>(key.bits(i));
    if (!std::isfinite(value)) continue;
    CHECK(std::bit_cast<std::uint64_t>(Json::parse(Json(value).text()).number()) == key.bits(i));
  }
  for (const double value : {0.0, -0.0, 0.1, 1e5, 0x1p53, 5e-324, 1.7976931348623157e308, -1e22})
    CHECK(std::bit_cast<std::uint64_t>(Json::parse(Json(value).text()).number()) ==
          std::bit_cast<std::uint64_t>(value));
  CHECK(Json(100000).text() == "100000");
  CHECK_THROWS_AS((void)Json(std::numeric_limits<double>::quiet_NaN()).text(), xs::Error);
  CHECK_THROWS_AS((void)Json(std::numeric_limits<double>::infinity()).text(), xs::Error);
}

TEST_CASE("errors say where") {
  CHECK(error_of("{\"a\": 1,\n  \"b\" 2}") == "file.json, line 2, column 7: expected :");
  CHECK(error_of("") == "file.json, line 1, column 1: the text ends where a value is expected");
  CHECK(error_of("{\"a\": 1, \"b\": 2, \"a\": 3}").find("\"a\" comes twice") != std::string::npos);
  for (const char* text : {"[1,]",
                           "{\"a\":1,}",
                           "{1:2}",
                           "[1 2]",
                           "01",
                           "-",
                           "1.",
                           ".5",
                           "1e",
                           "+1",
                           "nul",
                           "tru",
                           "NaN",
                           "Infinity",
                           "1e999",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\\ud800\"",
                           "\"\\ud800\\u0041\"",
                           "\"\\udc00\"",
                           "\"a\nb\"",
                           "\"\xff\"",
                           "\"\xc0\x80\"",
                           "\"\xed\xa0\x80\"",
                           "\"\xf5\x80\x80\x80\"",
                           "\"\xe2\x82\"",
                           "[1] x",
                           "'a'",
                           "{\"a\":1}}",
                           "\"abc"})
    CHECK_MESSAGE(error_of(text).starts_with("file.json, line "), text);
}

TEST_CASE("depth is limited") {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  CHECK(error_of(nested(100)) == "no error");
  CHECK(error_of(nested(1'000'000)).find("levels") != std::string::npos);
}

TEST_CASE("a hundred thousand members take no quadratic time") {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":0";
  CHECK(Json::parse(text + "}").object().size() == 100'000);
  CHECK(error_of(text + ",\"k5\":1}").find("\"k5\" comes twice") != std::string::npos);
}

TEST_CASE("wrong kinds are named") {
  const Json value = Json::parse(R"({"a": 1.5})");
  CHECK_THROWS_WITH_AS((void)value.at("b"), "JSON: found an object without a member \"b\"", xs::Error);
  CHECK_THROWS_WITH_AS((void)value.at("a").string(), "JSON: found a number, expected a string", xs::Error);
  CHECK_THROWS_WITH_AS((void)value.at("a").whole(), "JSON: found 1.5, expected a whole number", xs::Error);
  CHECK_THROWS_AS((void)Json(-1).whole(), xs::Error);
}

TEST_CASE("every prefix and every flipped byte gives a value or an error") {
  const std::string text = sample;
  for (std::size_t i = 0; i < text.size(); ++i) CHECK(error_of(text.substr(0, i)) != "no error");
  const xs::RandomKey key(xs::seed(2));
  std::size_t refused = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    std::string broken = text;
    for (std::uint64_t k = 0; k < 3; ++k)
      broken[key.below(6 * i + 2 * k, text.size())] = static_cast<char>(key.below(6 * i + 2 * k + 1, 256));
    if (error_of(broken) != "no error") ++refused;
  }
  CHECK(refused > 10'000);
}
