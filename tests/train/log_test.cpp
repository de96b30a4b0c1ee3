#include <xstitch/train/log.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <limits>
#include <string>

namespace xs = xstitch;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("xstitch_log_" + std::to_string(::getpid()));
  Folder() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
};

xs::Json line(int step) { return xs::Json().set("step", step).set("loss", 0.5); }

}  // namespace

TEST_CASE("lines after the restored step are cut off, and so is a torn one") {
  const Folder folder;
  const fs::path path = folder.path / "sub" / "log.jsonl";
  {
    xs::TrainingLog log(path, 0);
    for (const int step : {10, 20, 20, 30, 40}) log.write(line(step));
  }
  CHECK(xs::read_file(path).ends_with("{\"step\": 40, \"loss\": 0.5}\n"));
  xs::write_file_atomically(path, xs::read_file(path) + "{\"step\": 5");  // a crash in the middle of a line
  {
    xs::TrainingLog log(path, 20);
    log.write(line(21));
  }
  std::string expected;
  for (const int step : {10, 20, 20, 21}) expected += line(step).text() + "\n";
  CHECK(xs::read_file(path) == expected);
  { xs::TrainingLog log(path, 0); }
  CHECK(xs::read_file(path).empty());
}

TEST_CASE("a file that is not such a log is not changed") {
  const Folder folder;
  const fs::path path = folder.path / "notes.txt";
  xs::write_file_atomically(path, "{\"step\": 1}\nmy notes\n");
  try {
    xs::TrainingLog log(path, 5);
    FAIL("accepted");
  } catch (const xs::Error& error) {
    CHECK(std::string(error.what()).find("notes.txt, line 2, line 1, column 1") != std::string::npos);
  }
  CHECK(xs::read_file(path) == "{\"step\": 1}\nmy notes\n");
}

TEST_CASE("no file, no lines; no number, null") {
  xs::TrainingLog().write(line(1));
  CHECK(xs::TrainingLog::number(std::numeric_limits<double>::quiet_NaN()).is_null());
  CHECK(xs::TrainingLog::number(0.25).number() == 0.25);
  CHECK_THROWS_AS(xs::TrainingLog("/proc/nothing/log", 0), xs::Error);
}
