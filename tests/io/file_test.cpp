#include <xstitch/io/file.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace xs = xstitch;
namespace fs = std::filesystem;

namespace {

/// A folder of its own, removed at the end.
struct Folder {
  fs::path path;
  explicit Folder(const std::string& name)
      : path(fs::temp_directory_path() / ("xstitch_" + name + "_" + std::to_string(::getpid()))) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
};

std::ptrdiff_t count_files(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

template <class Function>
std::string error_of(Function&& f) {
  try {
    f();
  } catch (const xs::Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("what is written is read, and replaces the old file") {
  const Folder folder("file");
  const fs::path path = folder.path / "a.txt";
  xs::write_file_atomically(path, "first");
  CHECK(xs::read_file(path) == "first");
  const std::string second("se\0cond\n", 8);
  xs::write_file_atomically(path, second);
  CHECK(xs::read_file(path) == second);
  xs::write_file_atomically(path, "");
  CHECK(xs::read_file(path).empty());
  CHECK(count_files(folder.path) == 1);
}

TEST_CASE("a file that is not committed leaves the old one and nothing else") {
  const Folder folder("uncommitted");
  const fs::path path = folder.path / "a.txt";
  xs::write_file_atomically(path, "old");
  {
    xs::AtomicFile output(path);
    output.write("half of the n");
    CHECK(count_files(folder.path) == 2);
  }
  CHECK(xs::read_file(path) == "old");
  CHECK(count_files(folder.path) == 1);
}

TEST_CASE("a failed replacement leaves what was there, with path and reason in the message") {
  const Folder folder("replace");
  const fs::path path = folder.path / "folder";
  fs::create_directories(path / "inside");  // a folder that is not empty cannot be replaced by a file
  const std::string error = error_of([&] { xs::write_file_atomically(path, "new"); });
  CHECK(error.find(path.string()) != std::string::npos);
  CHECK(error.find("directory") != std::string::npos);
  CHECK(fs::exists(path / "inside"));
  CHECK(count_files(folder.path) == 1);
}

TEST_CASE("a full disk leaves the old file") {
  // /dev/full refuses every write; the descriptor of the new file is pointed there.
  if (!fs::exists("/dev/full")) return;
  const Folder folder("full");
  const fs::path path = folder.path / "a.txt";
  xs::write_file_atomically(path, "old");
  const int before = ::open("/dev/null", O_RDONLY);  // the lowest free number: the one the file will get
  REQUIRE(before >= 0);
  ::close(before);
  const std::string error = error_of([&] {
    xs::AtomicFile output(path);
    const int full = ::open("/dev/full", O_WRONLY);
    ::dup2(full, before);
    ::close(full);
    output.write("new");
    output.commit();
  });
  CHECK(error == "cannot write " + path.string() + ": No space left on device");
  CHECK(xs::read_file(path) == "old");
  CHECK(count_files(folder.path) == 1);
}

TEST_CASE("missing files and folders are named") {
  const Folder folder("missing");
  CHECK(error_of([&] { (void)xs::read_file(folder.path / "none"); }) ==
        "cannot open " + (folder.path / "none").string() + ": No such file or directory");
  CHECK(error_of([&] { (void)xs::read_file(folder.path); }).find("not a regular file") != std::string::npos);
  CHECK(error_of([&] { xs::write_file_atomically(folder.path / "none" / "a", "x"); }) ==
        "cannot write " + (folder.path / "none" / "a").string() + ": No such file or directory");
}

TEST_CASE("reading beyond the end is an error") {
  const Folder folder("end");
  xs::write_file_atomically(folder.path / "a", "12345");
  const xs::InputFile input(folder.path / "a");
  CHECK(input.size() == 5);
  std::array<std::byte, 4> bytes{};
  input.read(1, bytes);
  CHECK(bytes[0] == std::byte{'2'});
  CHECK(error_of([&] { input.read(2, bytes); }).find("ends at byte 5") != std::string::npos);
}

TEST_CASE("folders are made") {
  const Folder folder("make");
  xs::make_folder(folder.path / "a" / "b");
  CHECK(fs::is_directory(folder.path / "a" / "b"));
  xs::make_folder(folder.path / "a" / "b");
  xs::write_file_atomically(folder.path / "file", "");
  CHECK(error_of([&] { xs::make_folder(folder.path / "file" / "c"); }).find((folder.path / "file" / "c").string()) !=
        std::string::npos);
}

namespace {

/// A process that begins to write `path` and then ends as if by SIGKILL: what a crash leaves behind.
void leave_partial_file(const fs::path& path) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    xs::AtomicFile output(path);
    output.write("half of a checkp");
    std::raise(SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

}  // namespace

TEST_CASE("only our own leftovers of processes that ended are removed") {
  const Folder folder("leftovers");
  leave_partial_file(folder.path / "last.safetensors");
  leave_partial_file(folder.path / "a - b.c");
  CHECK(names_in(folder.path).size() == 2);
  const std::vector<std::string> theirs{".17-0123456789abcdef.xstitch-partial",  // no name before ours
                                        "c.12-0.partial",                        // a download of somebody else's
                                        "d.xstitch-partial",
                                        "e.x1-0123456789abcdef.xstitch-partial",  // no process id
                                        "f.17-0123456789ABCDEF.xstitch-partial",  // not our digits
                                        "g.17-0123456789abcde.xstitch-partial",   // too few of them
                                        "holiday.mp4.partial"};
  for (const std::string& name : theirs) xs::write_file_atomically(folder.path / name, "of a user");
  fs::create_directory(folder.path / "h.17-0123456789abcdef.xstitch-partial");
  xs::remove_partial_files(folder.path);
  std::vector<std::string> expected = theirs;
  expected.push_back("h.17-0123456789abcdef.xstitch-partial");
  std::ranges::sort(expected);
  CHECK(names_in(folder.path) == expected);
}

TEST_CASE("a file that is being written stays, in this process and in another one") {
  const Folder folder("being_written");
  xs::AtomicFile mine(folder.path / "mine");
  mine.write("first half, ");
  int ready[2], go[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(go) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    char c = 0;
    xs::AtomicFile theirs(folder.path / "theirs");
    theirs.write("whole");
    const bool told = ::write(ready[1], "r", 1) == 1 && ::read(go[0], &c, 1) == 1;
    if (told) theirs.commit();
    ::_exit(told ? 0 : 1);
  }
  char c = 0;
  REQUIRE(::read(ready[0], &c, 1) == 1);
  CHECK(names_in(folder.path).size() == 2);
  xs::remove_partial_files(folder.path);
  CHECK(names_in(folder.path).size() == 2);
  REQUIRE(::write(go[1], "g", 1) == 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  CHECK(xs::read_file(folder.path / "theirs") == "whole");
  mine.write("second half");
  mine.commit();
  CHECK(xs::read_file(folder.path / "mine") == "first half, second half");
  CHECK(names_in(folder.path) == std::vector<std::string>{"mine", "theirs"});
  for (const int number : {ready[0], ready[1], go[0], go[1]}) ::close(number);
}
