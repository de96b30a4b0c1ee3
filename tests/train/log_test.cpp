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

TEST_CASE("a line that cannot be read is said and left, and the others are cut as ever") {
  const Folder folder;
  const fs::path path = folder.path / "log.jsonl";
  const auto after_resume = [&](const std::string& text, std::uint64_t step) {
    xs::write_file_atomically(path, text);
    xs::TrainingLog log(path, step);
    log.write(line(step == 0 ? 1 : static_cast<int>(step) + 1));
    return log.damage();
  };
  const std::string one = line(1).text() + "\n", two = line(2).text() + "\n", nine = line(9).text() + "\n";
  CHECK(after_resume(one + two + nine, 2).empty());
  CHECK(after_resume(one + "my notes\n" + two + nine, 2) ==
        path.string() + ", line 2, line 1, column 1: expected a value; the line is left");
  CHECK(xs::read_file(path) == one + "my notes\n" + two + line(3).text() + "\n");
  // A progress line in the middle, a line of another program, bytes that are not text: all of them stay.
  const std::string zeros(5, '\0');
  const std::string damaged =
      one + "{\"event\": \"train\", \"st10/20  5 samples/s\n[1]\n{\"step\": -1}\n" + zeros + "\n";
  const std::string said = after_resume(damaged + nine, 2);
  CHECK(said.find(path.string() + ", line 2, line 1, column ") == 0);
  CHECK(said.find("; the line is left; so are 3 more") != std::string::npos);
  CHECK(xs::read_file(path) == damaged + line(3).text() + "\n");
  CHECK(after_resume("{\"loss\": 1}\n", 2).find(path.string() + ", line 1: JSON: found an object without") == 0);
  // A last line without an end: ours goes, another's stays.
  CHECK(after_resume(one + "{\"step\": 2", 2).empty());
  CHECK(xs::read_file(path) == one + line(3).text() + "\n");
  CHECK(!after_resume(one + "no end", 2).empty());
  CHECK(xs::read_file(path) == one + "no end\n" + line(3).text() + "\n");
}

TEST_CASE("a log that needs no cut stays the file that it is; what is no file is only written to") {
  const Folder folder;
  const fs::path path = folder.path / "log.jsonl";
  fs::create_symlink("real.jsonl", path);
  { xs::TrainingLog(path, 0).write(line(1)); }
  {
    xs::TrainingLog log(path, 1);
    log.write(line(2));
    log.flush();
  }
  { xs::TrainingLog(path, 1).write(line(3)); }
  CHECK(fs::is_symlink(path));
  CHECK(xs::read_file(folder.path / "real.jsonl") == line(1).text() + "\n" + line(3).text() + "\n");
  xs::TrainingLog nowhere("/dev/null", 5);
  nowhere.write(line(6));
  nowhere.flush();
  CHECK(nowhere.damage().empty());
  xs::TrainingLog().flush();
}

TEST_CASE("no file, no lines; no number, null") {
  xs::TrainingLog().write(line(1));
  CHECK(xs::TrainingLog::number(std::numeric_limits<double>::quiet_NaN()).is_null());
  CHECK(xs::TrainingLog::number(0.25).number() == 0.25);
  CHECK_THROWS_AS(xs::TrainingLog("/proc/nothing/log", 0), xs::Error);
  if (fs::exists("/dev/full")) CHECK_THROWS_AS(xs::TrainingLog("/dev/full", 0).write(line(1)), xs::Error);
}
