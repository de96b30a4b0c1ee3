#include <xstitch/train/progress.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>
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
  CHECK(xs::progress::duration(2e9) == "-");
  CHECK(xs::progress::short_number(123456.7) == "123457");
  CHECK(xs::progress::short_number(-123456.7) == "-123457");
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

TEST_CASE("losses that there are not, weights of heads, and a training of no steps") {
  std::ostringstream out;
  xs::Progress progress(&out, "pair", 0, 0, {"a", "b"}, 0);
  progress.step(0, 5, {std::numeric_limits<double>::quiet_NaN(), 0.5, 7.0}, true, std::array{0.5F, 2.0F});
  CHECK(out.str().starts_with("pair: 0/0  "));
  CHECK(out.str().find("  - left  a - (x0.5) b 0.5 (x2)\n") != std::string::npos);
  out.str("");
  progress.step(0, 5, {1.0}, true, std::array{0.25F});
  CHECK(out.str().ends_with(" a 1 (x0.25)\n"));
  progress.say("begins");
  CHECK(out.str().ends_with("pair: begins\n"));

  std::ostringstream narrow;
  xs::Progress one(&narrow, "", 3, 0, {}, 1);
  one.step(3, 1, {}, false);
  CHECK(narrow.str() == "\r[\x1b[K");
}

TEST_CASE("the width is the terminal's, 80 where it does not know it") {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  REQUIRE(::grantpt(terminal) == 0);
  REQUIRE(::unlockpt(terminal) == 0);
  std::array<char, 64> name{};
  REQUIRE(::ptsname_r(terminal, name.data(), name.size()) == 0);
  const int other = ::open(name.data(), O_RDWR | O_NOCTTY);
  REQUIRE(other >= 0);
  const auto line = [&](unsigned short columns) {
    struct winsize size {};
    size.ws_col = columns;
    REQUIRE(::ioctl(other, TIOCSWINSZ, &size) == 0);
    std::cout.flush();
    const int kept = ::dup(STDOUT_FILENO);
    ::dup2(other, STDOUT_FILENO);
    {
      xs::Progress progress(&std::cout,
                            "a name that is longer than any line of a terminal that these tests know, and then"
                            " some more of it, so that it is cut",
                            0, 4, {"a"});
      progress.step(4, 5, {0.5}, false);
    }
    std::cout.flush();
    ::dup2(kept, STDOUT_FILENO);
    ::close(kept);
    // The line and its removal, two writes: a terminal may give them one at a time.
    const std::string end = "\x1b[K";
    std::string all;
    while (all.find(end) == all.rfind(end)) {
      std::array<char, 1024> text{};
      const ssize_t got = ::read(terminal, text.data(), text.size());
      REQUIRE(got > 0);
      all.append(text.data(), static_cast<std::size_t>(got));
    }
    return all.find(end) - 1;  // without the carriage return
  };
  CHECK(line(60) == 59);
  CHECK(line(0) == 79);
  ::close(other);
  ::close(terminal);
}

TEST_CASE("silence without a stream") {
  xs::Progress progress(nullptr, "x", 0, 4, {"a"});
  progress.step(1, 5, {0.5}, true);
  progress.say("nothing");
  CHECK(progress.rate() >= 0.0);
}
