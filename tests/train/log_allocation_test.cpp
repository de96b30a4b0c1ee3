// Memory that ends while a log is cut to the restored step: every k-th operator new of this program fails in turn.
#include <xstitch/train/log.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <new>
#include <string>

#include "../core/failing_new.hpp"
#include "../data/temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;

TEST_CASE("a line that no memory was left to read is not taken for a damaged one" * doctest::skip(!new_can_fail)) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.file("a log of a name that is too long for a string.jsonl");
  std::string lines, wanted;
  for (const int step : {1, 2, 3, 4}) {
    const xs::Json line =
        xs::Json().set("event", "train").set("step", step).set("losses", xs::Json().set("upper", 0.5));
    lines += line.text() + "\n";
    if (step <= 2) wanted = lines;
  }
  xs::write_file_atomically(path, lines);
  const auto cut = [&] {
    try {
      const xs::TrainingLog log(path, 2);
      if (!log.damage().empty()) FAIL_CHECK("a line is said to be damaged");
    } catch (const xs::Error&) {  // the file itself, which takes memory to read
      throw std::bad_alloc();
    }
  };
  const std::size_t tries = each_failure(cut, [&](bool ended) {
    const std::string now = xs::read_file(path);
    CHECK((now == lines || now == wanted));  // as it was, or cut; no half of it
    if (ended) CHECK(now == wanted);
    xs::write_file_atomically(path, lines);
  });
  CHECK(tries > 20);
}
