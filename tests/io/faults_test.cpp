// System calls that are interrupted by signals or that fail, and programs started without standard streams.
#include <doctest/doctest.h>

#include <xstitch/io/event_file.hpp>
#include <xstitch/io/file.hpp>
#include <xstitch/io/folder_lock.hpp>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>

#include "faulty_calls.hpp"

namespace xs = xstitch;
namespace fs = std::filesystem;

namespace {

/// A folder of its own, removed at the end; and calls that work again.
struct Folder {
  fs::path path;
  explicit Folder(const std::string& name)
      : path(fs::temp_directory_path() / ("xstitch_faults_" + name + "_" + std::to_string(::getpid()))) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() {
    no_faults();
    fs::remove_all(path);
  }
};

template <class Function>
std::string error_of(Function&& f) {
  try {
    f();
  } catch (const xs::Error& error) {
    return error.what();
  }
  return "no error";
}

std::ptrdiff_t count_files(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

/// The exit code of a process of its own; what must hold there is checked by returning false.
template <class Function>
int in_a_process(Function&& f) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);
    ::_exit(f() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("calls that signals interrupt, again and again, end nothing") {
  const Folder folder("interrupted");
  for (Fault* fault : {&open_fault, &close_fault, &stat_fault, &link_fault, &write_fault, &truncate_fault,
                       &file_flush_fault, &folder_flush_fault})
    for (const int times : {1, 3}) {
      CAPTURE(times);
      *fault = {times, EINTR};
      xs::write_file_atomically(folder.path / "a", "text");
      xs::make_folder(folder.path / "made" / "here");
      const xs::FolderLock lock(folder.path / "made");
      CHECK(xs::read_file(folder.path / "a") == "text");
      CHECK(fault->met == times);
      *fault = {};
      CHECK(xs::remove_file(folder.path / "a"));
      fs::remove_all(folder.path / "made");
    }
}

TEST_CASE("a folder that cannot be flushed is reported, but for file systems that flush none") {
  const Folder folder("flush");
  const fs::path path = folder.path / "a";
  for (const int error : {EIO, ENOSPC}) {
    folder_flush_fault = {1, error};
    const std::string text = error_of([&] { xs::write_file_atomically(path, "new"); });
    CHECK(text == "cannot flush the folder " + folder.path.string() + ": " + std::strerror(error));
    CHECK(xs::read_file(path) == "new");
    CHECK(count_files(folder.path) == 1);
    folder_flush_fault = {1, error};
    CHECK(error_of([&] { xs::make_folder(folder.path / "made"); }).find("cannot flush the folder") == 0);
    folder_flush_fault = {1, error};
    fs::remove_all(folder.path / "made");
    CHECK(error_of([&] { (void)xs::remove_file(path); }).find("cannot flush the folder") == 0);
  }
  for (const int error : {EINVAL, ENOTSUP}) {
    folder_flush_fault = {1, error};
    CHECK(error_of([&] { xs::write_file_atomically(path, "new"); }) == "no error");
    CHECK(folder_flush_fault.times == 0);
    folder_flush_fault = {1, error};
    CHECK(error_of([&] { xs::make_folder(folder.path / ("made" + std::to_string(error))); }) == "no error");
  }
}

TEST_CASE("a file that cannot be flushed or closed leaves the old one") {
  const Folder folder("close");
  const fs::path path = folder.path / "a";
  xs::write_file_atomically(path, "old");
  file_flush_fault = {1, EIO};
  CHECK(error_of([&] { xs::write_file_atomically(path, "new"); }) ==
        "cannot write " + path.string() + ": Input/output error");
  close_fault = {1, ENOSPC};
  CHECK(error_of([&] { xs::write_file_atomically(path, "new"); }) ==
        "cannot write " + path.string() + ": No space left on device");
  CHECK(xs::read_file(path) == "old");
  CHECK(count_files(folder.path) == 1);
}

TEST_CASE("a system that writes nothing, without a reason, is not asked for ever") {
  const Folder folder("nothing");
  const fs::path path = folder.path / "a";
  xs::write_file_atomically(path, "old");
  writes_of_nothing = 1;
  CHECK(error_of([&] { xs::write_file_atomically(path, "new"); }) ==
        "cannot write " + path.string() + ": Input/output error");
  CHECK(xs::read_file(path) == "old");
  writes_of_nothing = 1;
  CHECK(error_of([&] { const xs::FolderLock lock(folder.path); }).find("cannot write") == 0);
}

TEST_CASE("events are on the disk when they are flushed, or it is said why not") {
  const Folder folder("events");
  folders_flushed = 0;
  xs::EventFile events(folder.path, 0);
  CHECK(folders_flushed == 1);
  files_flushed = 0;
  events.scalar("loss", 1.0F, 1);
  events.flush();
  CHECK(files_flushed == 1);
  file_flush_fault = {1, ENOSPC};
  CHECK(error_of([&] { events.flush(); }) == "cannot flush " + events.path().string() + ": No space left on device");
  xs::EventFile().flush();
}

TEST_CASE("every new folder is flushed into the one above it") {
  const Folder folder("made");
  folders_flushed = 0;
  xs::make_folder(folder.path / "a" / "b" / "c/");
  CHECK(fs::is_directory(folder.path / "a" / "b" / "c"));
  CHECK(folders_flushed == 3);
  xs::make_folder(folder.path / "a" / "b" / ".." / "d");
  CHECK(folders_flushed == 4);
  xs::make_folder(folder.path / "a" / "d");
  xs::make_folder("");
  xs::make_folder(".");
  xs::make_folder("/");
  CHECK(folders_flushed == 4);
}

TEST_CASE("only \"no such file\" means that there is none") {
  const Folder folder("exists");
  xs::write_file_atomically(folder.path / "a", "");
  CHECK(xs::file_exists(folder.path / "a"));
  CHECK(!xs::file_exists(folder.path / "b"));
  CHECK(!xs::file_exists(folder.path / "a" / "b"));
  for (const int error : {EIO, ESTALE, EACCES}) {
    stat_fault = {1, error};
    CHECK(error_of([&] { (void)xs::file_exists(folder.path / "a"); }) ==
          "cannot look at " + (folder.path / "a").string() + ": " + std::strerror(error));
    stat_fault = {1, error};
    CHECK(error_of([&] { xs::make_folder(folder.path / "new"); }) != "no error");
    CHECK(!fs::exists(folder.path / "new"));
  }
}

TEST_CASE("the names in a folder, or why they cannot be told") {
  const Folder folder("names");
  CHECK(xs::file::names_in(folder.path).empty());
  xs::write_file_atomically(folder.path / "a", "");
  CHECK(xs::file::names_in(folder.path) == std::vector<std::string>{"a"});
  CHECK(xs::file::names_in(folder.path / "none").empty());
  CHECK(xs::file::names_in(folder.path / "a").empty());
  for (const int error : {EIO, EACCES}) {
    open_fault = {1, error};
    CHECK(error_of([&] { (void)xs::file::names_in(folder.path); }) ==
          "cannot look into " + folder.path.string() + ": " + std::strerror(error));
  }
}

TEST_CASE("without standard streams no file gets their numbers") {
  const Folder folder("streams");
  const auto without = [&](std::initializer_list<int> closed) {
    return in_a_process([&] {
      for (const int number : closed) ::close(number);
      xs::AtomicFile output(folder.path / "a");
      output.write("first, ");
      for (const int number : closed)  // what a program prints goes nowhere
        if (::write(number, "printed", 7) >= 0 || errno != EBADF) return false;
      output.write("second");
      output.commit();
      const xs::InputFile input(folder.path / "a");
      const xs::file::Descriptor log = xs::file::open((folder.path / "log").c_str(), O_WRONLY | O_CREAT);
      const xs::file::Descriptor copy = xs::file::duplicate(log);
      for (const int number : closed)
        if (::fcntl(number, F_GETFD) >= 0) return false;
      if (log.number() < 3 || copy.number() < 3 || (::fcntl(log.number(), F_GETFD) & FD_CLOEXEC) == 0) return false;
      const xs::file::StandardNumbersTaken taken;
      const int next = ::open("/dev/null", O_RDONLY);
      return next > 2 && xs::read_file(folder.path / "a") == "first, second";
    });
  };
  CHECK(without({2}) == 0);
  CHECK(without({0}) == 0);
  CHECK(without({0, 1, 2}) == 0);
  CHECK(without({1, 2}) == 0);
  CHECK(without({}) == 0);
}

TEST_CASE("a system without free numbers is an error, and nothing is left") {
  const Folder folder("numbers");
  CHECK(in_a_process([&] {
          struct rlimit few {};
          few.rlim_cur = few.rlim_max = 3;
          ::close(2);
          if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return false;
          return error_of([&] { xs::write_file_atomically(folder.path / "a", "x"); }).find("cannot write") == 0;
        }) == 0);
  CHECK(count_files(folder.path) == 0);
}

TEST_CASE("a file size limit, as a full disk, is an error and leaves the old file") {
  const Folder folder("limit");
  xs::write_file_atomically(folder.path / "a", "old");
  CHECK(in_a_process([&] {
          struct rlimit small {};
          small.rlim_cur = small.rlim_max = 1000;
          std::signal(SIGXFSZ, SIG_IGN);
          if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return false;
          const std::string text =
              error_of([&] { xs::write_file_atomically(folder.path / "a", std::string(1001, 'x')); });
          return text == "cannot write " + (folder.path / "a").string() + ": File too large";
        }) == 0);
  CHECK(xs::read_file(folder.path / "a") == "old");
  CHECK(count_files(folder.path) == 1);
}

TEST_CASE("a symbolic link is followed: the file it points to is replaced, and the link stays") {
  const Folder folder("link");
  const fs::path other = folder.path / "other";
  fs::create_directory(other);
  xs::write_file_atomically(other / "a", "old");
  fs::create_symlink(other / "a", folder.path / "absolute");
  fs::create_symlink("other/b", folder.path / "relative");  // points to nothing yet
  fs::create_symlink("../relative", other / "two");
  xs::write_file_atomically(folder.path / "absolute", "new a");
  xs::write_file_atomically(other / "two", "new b");
  CHECK(fs::is_symlink(folder.path / "absolute"));
  CHECK(fs::is_symlink(folder.path / "relative"));
  CHECK(fs::is_symlink(other / "two"));
  CHECK(!fs::is_symlink(other / "a"));
  CHECK(xs::read_file(other / "a") == "new a");
  CHECK(xs::read_file(other / "b") == "new b");
  CHECK(count_files(other) == 3);
  // What a killed process left beside the file is removed through the link; what is another's stays.
  CHECK(in_a_process([&] {
          xs::AtomicFile output(folder.path / "relative");
          output.write("half");
          ::_exit(0);
          return true;
        }) == 0);
  xs::write_file_atomically(other / "else.17-0123456789abcdef.xstitch-partial", "");
  CHECK(count_files(other) == 5);
  xs::remove_partial_files(folder.path);
  CHECK(count_files(other) == 4);
  CHECK(fs::exists(other / "else.17-0123456789abcdef.xstitch-partial"));
  // Removed is the file, too.
  CHECK(xs::remove_file(folder.path / "relative"));
  CHECK(!xs::remove_file(folder.path / "relative"));
  CHECK(fs::is_symlink(folder.path / "relative"));
  CHECK(!fs::exists(other / "b"));
  fs::create_symlink("circle", folder.path / "circle");
  CHECK(error_of([&] { xs::write_file_atomically(folder.path / "circle", ""); }).find("symbolic links") !=
        std::string::npos);
  xs::remove_partial_files(folder.path);  // the circle is no obstacle
}

TEST_CASE("a device or a pipe is neither replaced by a file nor waited for") {
  const Folder folder("pipe");
  REQUIRE(::mkfifo((folder.path / "pipe").c_str(), 0600) == 0);
  CHECK(error_of([&] { (void)xs::read_file(folder.path / "pipe"); }) ==
        "cannot read " + (folder.path / "pipe").string() + ": it is not a regular file");
  CHECK(error_of([&] { (void)xs::read_file("/dev/zero"); }) == "cannot read /dev/zero: it is not a regular file");
  fs::create_symlink("/dev/null", folder.path / "null");
  for (const char* name : {"pipe", "null"}) {
    CHECK(error_of([&] { xs::write_file_atomically(folder.path / name, "x"); }).find("it is not a regular file") !=
          std::string::npos);
    CHECK(!fs::is_regular_file(folder.path / name));
  }
  CHECK(count_files(folder.path) == 2);
}
