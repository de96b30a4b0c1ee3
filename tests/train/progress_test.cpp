#include <xstitch/train/progress.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <sstream>
#include <string>

namespace xs = xstitch;

TEST_CASE("durations and numbers are short") {
  CHECK(xs::progress::duration(0.0) == "0:00");
  CHECK(xs::progress::duration(61.4) == "1:01");
  CHECK(xs::progress::duration(3723.0) == "1:02:03");
  CHECK(xs::progress::duration(-1.0) == "-");
  CHECK(xs::progress::duration(std::numeric_limits<double>::infinity()) == "-");
  CHECK(xs::progress::short_number(0.123456) == "0.1235");
  CHECK(xs::progress::short_number(123456.7) == "123457");
  CHECK(xs::progress::bar(0.5, 4) == "[##..]");
  CHECK(xs::progress::bar(7.0, 2) == "[##]");
}

TEST_CASE("a terminal gets one line, written over and never wrapped") {
  std::ostringstream out;
  {
    xs::Progress progress(&out, "pair", 0, 10, {"a", "b"}, 40);
    progress.step(1, 5, {0.5, 0.25}, false);
    progress.say("evaluated");
    progress.step(10, 5, {0.5, 0.25}, false);
  }
  const std::string text = out.str();
  CHECK(text.starts_with("\r[#"));
  CHECK(text.find("\r\x1b[Kpair: evaluated\n") != std::string::npos);
  CHECK(text.find("[################] pair: 10/10") != std::string::npos);
  CHECK(text.ends_with("\r\x1b[K"));
  for (std::size_t start = 0, end = 0; (end = text.find("\x1b[K", start)) != std::string::npos; start = end + 3) {
    const std::size_t begin = text.rfind('\r', end);
    CHECK(end - begin - 1 <= 39);
  }
}

TEST_CASE("elsewhere only the lines that are due") {
  std::ostringstream out;
  {
    xs::Progress progress(&out, "", 0, 4, {"a"}, 0);
    progress.step(1, 5, {0.5}, false);
    CHECK(out.str().empty());
    progress.step(2, 5, {0.25}, true);
  }
  CHECK(out.str().starts_with("2/4  "));
  CHECK(out.str().ends_with(" a 0.25\n"));
  CHECK(out.str().find('\x1b') == std::string::npos);
}

TEST_CASE("silence without a stream") {
  xs::Progress progress(nullptr, "x", 0, 4, {"a"});
  progress.step(1, 5, {0.5}, true);
  progress.say("nothing");
  CHECK(progress.rate() >= 0.0);
}
