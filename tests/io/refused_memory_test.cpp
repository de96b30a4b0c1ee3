// Files and folders when memory is refused at each place where they ask for it: std::bad_alloc or xs::Error, no end of
// the program, and the old file stays until the new one is whole.
#include <xstitch/io/file.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "../core/refused_memory.hpp"

namespace xs = xstitch;
namespace fs = std::filesystem;

namespace {

/// A folder of its own, of a name that no string holds without memory.
struct Folder {
  fs::path path =
      fs::temp_directory_path() / ("xstitch_refused_memory_of_files_and_folders_" + std::to_string(::getpid()));
  Folder() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
};

/// Calls f with the first, second ... of its allocations refused, alone and with all after it.
void refuse_each(const std::function<void()>& f, const std::function<void()>& look) {
  long refused = 0;
  for (const bool for_good : {false, true})
    for (long k = 0;; ++k) {
      REQUIRE(k < 1000);
      allocations_refused = 0;
      refused_for_good = for_good;
      allocations_left = k;
      try {
        f();
      } catch (const std::bad_alloc&) {
      } catch (const xs::Error&) {
      }
      allocations_left = -1;
      look();
      if (allocations_refused == 0) break;
      ++refused;
    }
  CHECK(refused > 2);
}

}  // namespace

TEST_CASE("writing through a link: the old text or the new one") {
  const Folder folder;
  const fs::path path = folder.path / "a file with a long name of its own.txt", link = folder.path / "last.link";
  fs::create_symlink(path.filename(), link);
  xs::write_file_atomically(path, "old");
  refuse_each([&] { xs::write_file_atomically(link, "new"); },
              [&] {
                const std::string text = xs::read_file(path);
                CHECK((text == "old" || text == "new"));
                CHECK(fs::is_symlink(link));
                CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 2);
              });
  CHECK(xs::read_file(path) == "new");
}

TEST_CASE("making folders, clearing them of leftovers, reading") {
  const Folder folder;
  const fs::path made = folder.path / "one folder" / "and another one in it of a long name";
  refuse_each([&] { xs::make_folder(made); }, [] {});
  CHECK(fs::is_directory(made));
  const fs::path kept = made / "not ours.txt", link = made / "a link to somewhere else of a long name";
  xs::write_file_atomically(kept, "kept");
  fs::create_symlink("../the target of the link with a long name", link);
  const std::string leftover = ".17-0123456789abcdef.xstitch-partial";
  const auto leave = [&] {
    xs::write_file_atomically(made / ("checkpoint" + leftover), "");
    xs::write_file_atomically(made.parent_path() / ("the target of the link with a long name" + leftover), "");
  };
  leave();
  refuse_each([&] { xs::remove_partial_files(made); },
              [&] {
                CHECK(xs::read_file(kept) == "kept");
                CHECK(fs::is_symlink(link));
              });
  CHECK(std::distance(fs::directory_iterator(made), fs::directory_iterator()) == 2);
  CHECK(std::distance(fs::directory_iterator(made.parent_path()), fs::directory_iterator()) == 1);
  std::string text;
  refuse_each([&] { text = xs::read_file(kept); }, [&] { CHECK((text.empty() || text == "kept")); });
  refuse_each([&] { (void)xs::remove_file(link); }, [&] { CHECK(fs::is_symlink(link)); });
}
