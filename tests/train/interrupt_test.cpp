#include <xstitch/train/interrupt.hpp>

#include <doctest/doctest.h>

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace xs = xstitch;

TEST_CASE("a signal sets the flag, and the old handler comes back") {
  static volatile std::sig_atomic_t old_handler_ran = 0;
  const auto before = std::signal(SIGINT, [](int) { old_handler_ran = 1; });
  {
    const xs::Interrupt interrupt;
    CHECK_FALSE(interrupt.flag().load());
    std::raise(SIGINT);
    CHECK(interrupt.flag().load());
    CHECK(old_handler_ran == 0);
    CHECK_THROWS_AS(xs::Interrupt{}, xs::Error);
  }
  std::raise(SIGINT);
  CHECK(old_handler_ran == 1);
  {
    const xs::Interrupt again;
    CHECK_FALSE(again.flag().load());
    std::raise(SIGTERM);
    CHECK(again.flag().load());
  }
  std::signal(SIGINT, before);
}

TEST_CASE("a second signal ends the program") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const xs::Interrupt interrupt;
    std::raise(SIGINT);
    std::raise(SIGINT);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}
