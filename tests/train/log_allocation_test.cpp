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
    const xs::Json line = xs::Json().set("event", "train").set("step", step).set("losses", xs::Json().set("upper", 0.5));
    lines += line.text() + "\n";
    if (step <= 2) wanted = lines;
  }
  std::size_t failed = 0;
  for (bool ended = false; !ended;) {
    xs::write_file_atomically(path, lines);
    std::string damage;
    fail_at = failed + 1;
    try {
      const xs::TrainingLog log(path, 2);
      fail_at = 0;
      damage = log.damage();
      ended = true;
    } catch (const std::bad_alloc&) {
    } catch (const xs::Error&) {  // the file itself, which takes memory to read
    }
    const bool met = fail_at == 0 && !ended;
    fail_at = 0;
    CAPTURE(failed);
    CHECK(damage.empty());
    const std::string now = xs::read_file(path);
    CHECK((now == lines || now == wanted));  // as it was, or cut; no half of it
    if (ended) CHECK(now == wanted);
    if (met) ++failed;
    REQUIRE((met || ended));
  }
  CHECK(failed > 20);
}
