#pragma once
/// \file
/// Names in folders: whether there is a file, removing one, making folders. A name that is made or removed is on the
/// disk when a function returns (the folder is flushed), and what fails is an Error with the path and the system's
/// reason.
///
/// A symbolic link stands for the file that it points to: that one is replaced or removed, the link stays.

#include <xstitch/core/descriptor.hpp>
#include <xstitch/core/error.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <dirent.h>
#include <sys/stat.h>

namespace xstitch::inline XSTITCH_ISA {
namespace file {

[[noreturn]] inline void fail_with_reason(std::string_view doing, const std::filesystem::path& path, int error) {
  fail("cannot ", doing, " ", path.string(), ": ", std::strerror(error));
}

/// The type and permissions of what a path names in the end; 0: there is nothing. Only "no such file" means that there
/// is not: what cannot be looked at (an unreachable network file system) is an Error.
inline mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  if (retry([&] { return ::stat(path.c_str(), &status); }) == 0) return status.st_mode;
  if (errno != ENOENT && errno != ENOTDIR) fail_with_reason("look at", path, errno);
  return 0;
}

/// Where a symbolic link leads to, be there a file or not; another path as it is.
XSTITCH_INLINE std::filesystem::path follow(std::filesystem::path path) {
  for (int links = 0;; ++links) {
    struct stat status {};
    if (retry([&] { return ::lstat(path.c_str(), &status); }) != 0) {
      if (errno != ENOENT && errno != ENOTDIR) fail_with_reason("look at", path, errno);
      return path;
    }
    if (!S_ISLNK(status.st_mode)) return path;
    if (links == 40) fail_with_reason("follow", path, ELOOP);
    std::error_code error;
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    if (error) fail_with_reason("follow", path, error.value());
    path = path.parent_path() / target;  // an absolute target replaces all of it
  }
}

inline std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// The names in a folder; none where there is no folder. (std::filesystem's iterator ends the program when memory runs
/// out.)
XSTITCH_INLINE std::vector<std::string> names_in(const std::filesystem::path& folder) {
  struct Close {
    void operator()(DIR* entries) const { ::closedir(entries); }
  };
  std::vector<std::string> names;
  Descriptor descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (descriptor.number() < 0 && (errno == ENOENT || errno == ENOTDIR)) return names;
  const std::unique_ptr<DIR, Close> entries(descriptor.number() < 0 ? nullptr : ::fdopendir(descriptor.number()));
  if (!entries) fail_with_reason("look into", folder, errno);
  (void)descriptor.release();  // closed with the entries
  while (const dirent* entry = (errno = 0, ::readdir(entries.get())))
    if (const std::string_view name = entry->d_name; name != "." && name != "..") names.emplace_back(name);
  if (errno != 0) fail_with_reason("look into", folder, errno);
  return names;
}

}  // namespace file

/// Whether there is something under this name; an Error where that cannot be told.
inline bool file_exists(const std::filesystem::path& path) { return file::mode_of(path) != 0; }

/// Names that were made or removed in a folder are on the disk afterwards. Some file systems cannot flush a folder: no
/// error then.
XSTITCH_INLINE void flush_folder(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder.empty() ? std::filesystem::path(".") : folder;
  const file::Descriptor directory = file::open(path.c_str(), O_RDONLY | O_DIRECTORY);
  if (directory.number() < 0) file::fail_with_reason("flush the folder", path, errno);
  const int error = file::sync(directory);
  if (error != 0 && error != EINVAL && error != ENOTSUP && error != EROFS)
    file::fail_with_reason("flush the folder", path, error);
}

/// Removes a file if it is there; true if it was.
inline bool remove_file(const std::filesystem::path& path) {
  const std::filesystem::path target = file::follow(path);
  if (file::retry([&] { return ::unlink(target.c_str()); }) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) file::fail_with_reason("remove", path, errno);
    return false;
  }
  flush_folder(file::folder_of(target));
  return true;
}

/// Makes a folder and those above it.
XSTITCH_INLINE void make_folder(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder.has_filename() ? folder : folder.parent_path();  // "a/" is "a"
  if (path.empty() || S_ISDIR(file::mode_of(path))) return;
  const std::filesystem::path above = file::folder_of(path);
  if (above != path) {
    try {
      make_folder(above);
    } catch (const Error& error) {
      fail("cannot make the folder ", path.string(), ": ", error.what());
    }
  }
  if (file::retry([&] { return ::mkdir(path.c_str(), 0777); }) == 0) return flush_folder(above);
  if (errno != EEXIST) file::fail_with_reason("make the folder", path, errno);
  if (!S_ISDIR(file::mode_of(path))) fail(path.string(), " is in the way: expected a folder");
}

}  // namespace xstitch::inline XSTITCH_ISA
