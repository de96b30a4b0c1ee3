#include <xstitch/io/folder_lock.hpp>

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include <sys/wait.h>

namespace xs = xstitch;

namespace {

struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("xstitch_lock_" + std::to_string(::getpid()));
  Folder() {
    std::filesystem::remove_all(path);
    xs::make_folder(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

std::string error_of(const std::filesystem::path& folder) {
  try {
    const xs::FolderLock lock(folder);
  } catch (const xs::Error& error) {
    return error.what();
  }
  return "no error";
}

/// A process that holds the lock until it is killed.
pid_t hold(const std::filesystem::path& folder) {
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const xs::FolderLock lock(folder);
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  ::close(ready[0]), ::close(ready[1]);
  return child;
}

}  // namespace

TEST_CASE("a second process is refused with the first one's id, and may come in when that was killed") {
  const Folder folder;
  const pid_t child = hold(folder.path);
  const std::string error = error_of(folder.path);
  CHECK(error.find("is in use by process " + std::to_string(child)) != std::string::npos);
  CHECK(error.find(folder.path.string()) == 0);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(error_of(folder.path) == "no error");
}

TEST_CASE("a second user in one process is refused, too; the lock ends with its object") {
  const Folder folder;
  {
    const xs::FolderLock lock(folder.path);
    CHECK(lock.note().empty());
    CHECK(error_of(folder.path).find("is in use by process " + std::to_string(::getpid())) != std::string::npos);
  }
  CHECK(error_of(folder.path) == "no error");
  CHECK(xs::read_file(folder.path / ".xstitch-lock") == std::to_string(::getpid()) + "\n");
}

TEST_CASE("a folder that cannot be written is an Error that names it") {
  const Folder folder;
  CHECK(error_of(folder.path / "missing").find((folder.path / "missing").string()) != std::string::npos);
}

TEST_CASE("only \"no such file\" means that a file is not there; what cannot be removed is an Error") {
  const Folder folder;
  CHECK_FALSE(xs::file_exists(folder.path / "a"));
  xs::write_file_atomically(folder.path / "a", "x");
  CHECK(xs::file_exists(folder.path / "a"));
  CHECK_FALSE(xs::file_exists(folder.path / "a" / "b"));  // below a file there is nothing
  CHECK_THROWS_AS((void)xs::file_exists(folder.path / std::string(300, 'n')), xs::Error);  // ENAMETOOLONG
  std::filesystem::create_symlink("loop", folder.path / "loop");
  CHECK_THROWS_AS((void)xs::file_exists(folder.path / "loop"), xs::Error);  // ELOOP
  CHECK(xs::remove_file(folder.path / "a"));
  CHECK_FALSE(xs::remove_file(folder.path / "a"));
  xs::make_folder(folder.path / "d");
  CHECK_THROWS_AS((void)xs::remove_file(folder.path / "d"), xs::Error);
  xs::flush_folder(folder.path);
  CHECK_THROWS_AS(xs::flush_folder(folder.path / "none"), xs::Error);
}
