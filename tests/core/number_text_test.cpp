// Texts of numbers, and numbers of texts: the digits that streams write, whatever the locale.
#include <xstitch/core/number_text.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/core/text_number.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <locale>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace xs = xstitch;

namespace {

std::string by_stream(double value, int digits) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text.precision(digits);
  text << value;
  return text.str();
}

struct Commas : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("the digits of a stream") {
  std::vector<double> values{0.0,
                             -0.0,
                             1.0,
                             0.05,
                             0.9,
                             1e-8,
                             100000.0,
                             1e6,
                             123456789.0,
                             1e9,
                             1e-5,
                             9.9999999995,
                             std::numeric_limits<double>::max(),
                             -std::numeric_limits<double>::denorm_min(),
                             std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN()};
  const xs::RandomKey key = xs::RandomKey(xs::seed(5));
  for (std::uint64_t i = 0; i < 500; ++i) {
    values.push_back(static_cast<double>(key.normal(i)));
    values.push_back(std::bit_cast<double>(key.below(1000 + i, std::uint64_t{0x7FF} << 52)));
    values.push_back(
        static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(key.below(9000 + i, 0x7F800000)))));
  }
  for (const double value : values)
    for (const int digits : {6, 9, 17}) CHECK(xs::number_text(value, digits) == by_stream(value, digits));
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    const std::string text = xs::number_text(value, 17);
    CHECK(xs::number_of_text(text) == value);
    CHECK(xs::detail::number_by_strtod(text) == value);
  }
  CHECK(xs::number_text(0.05F, 9) == "0.0500000007");
  CHECK(xs::fixed_text(0.05, 1) == "0.1");
  CHECK(xs::fixed_text(-1234.5678, 2) == "-1234.57");
  CHECK(xs::fixed_text(std::numeric_limits<double>::max(), 60).size() == 309 + 61);
  CHECK(xs::number_text(-1.2345678901234567e-308, 17) == "-1.2345678901234567e-308");
}

TEST_CASE("what is one number, and what is not") {
  // Both ways to read it: std::from_chars, and strtod_l where the standard library has no such from_chars.
  const auto both = [](const char* text) {
    const std::optional<double> value = xs::number_of_text(text), other = xs::detail::number_by_strtod(text);
    CHECK_MESSAGE(value == other, text);
    return value;
  };
  CHECK(both("1.5") == 1.5);
  CHECK(both("-0.25e-2") == -0.0025);
  CHECK(both(".5") == 0.5);
  CHECK(both("5.") == 5);
  CHECK(both("1E+3") == 1000);
  for (const char* text : {"", "-", ".", "+1", " 1", "1 ", "1,5", "0x10", "1e", "1e+", "--1", "1.5.2", "e5", "1_000"})
    CHECK_MESSAGE(!both(text), text);
  for (const char* text : {"inf", "-inf", "nan", "NaN", "infinity", "1e400", "-1e400"})
    CHECK_MESSAGE(!xs::number_of_text(text), text);
}

TEST_CASE("a program's locale changes nothing") {
  const std::locale before = std::locale::global(std::locale(std::locale(), new Commas));
  const std::string text = xs::number_text(1234567.5, 9);
  const std::optional<double> value = xs::number_of_text("1234567.5"), wrong = xs::number_of_text("1234567,5");
  const std::optional<double> other = xs::detail::number_by_strtod("1234567.5");
  std::locale::global(before);
  CHECK(text == "1234567.5");
  CHECK(value == 1234567.5);
  CHECK(other == 1234567.5);
  CHECK(!wrong);
}
