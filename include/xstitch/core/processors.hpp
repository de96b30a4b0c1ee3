#pragma once
/// \file
/// How many processors this process may use: those that its affinity allows (a cpuset is part of it), and no more than
/// the quotas of its control groups, of which the least counts:
///
///     version 2: cpu.max = "QUOTA PERIOD" or "max PERIOD"    version 1: cpu.cfs_quota_us / cpu.cfs_period_us, -1: none
///
/// in each group that /proc/self/cgroup names and in all above it, as far as they are mounted (/proc/self/mountinfo). A
/// file that is missing or that cannot be read limits nothing.

#include <xstitch/core/descriptor.hpp>

#include <sched.h>

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace processors {

/// A small file, or nothing.
inline std::string read(const std::string& path) {
  const file::Descriptor descriptor = file::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  std::string text;
  char part[1024];
  while (descriptor.number() >= 0 && text.size() < (std::size_t{1} << 24)) {
    const auto got = file::retry([&] { return ::read(descriptor.number(), part, sizeof part); });
    if (got <= 0) break;
    text.append(part, static_cast<std::size_t>(got));
  }
  return text;
}

/// Takes what stands before the next separator (or all) off a text.
inline std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return taken;
}

inline bool lists(std::string_view items, std::string_view wanted) {
  while (!items.empty())
    if (take(items, ',') == wanted) return true;
  return false;
}

/// QUOTA / PERIOD; infinity where that is not two numbers above 0: "max", -1, an empty text.
inline double quota(const std::string& quota_text, const std::string& period_text) {
  const double quota = std::strtod(quota_text.c_str(), nullptr), period = std::strtod(period_text.c_str(), nullptr);
  const bool limits = quota > 0.0 && period > 0.0 && std::isfinite(quota) && std::isfinite(period);
  return limits ? quota / period : std::numeric_limits<double>::infinity();
}

/// The quota of one group.
XSTITCH_INLINE double quota_in(const std::string& folder, bool version_2) {
  if (!version_2) return quota(read(folder + "/cpu.cfs_quota_us"), read(folder + "/cpu.cfs_period_us"));
  const std::string text = read(folder + "/cpu.max");
  std::string_view period = text;
  const std::string_view first = take(period, ' ');
  return first == "max" ? quota("", "") : quota(std::string(first), std::string(period));
}

/// A path of mountinfo, in which a space is \040.
inline std::string unescaped(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t k) { return i + k < text.size() && text[i + k] >= '0' && text[i + k] <= '7'; };
    if (text[i] != '\\' || !digit(1) || !digit(2) || !digit(3)) {
      path += text[i];
      continue;
    }
    path += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
    i += 3;
  }
  return path;
}

/// The least quota of a group and of those above it that the mount shows.
XSTITCH_INLINE double least_quota(std::string_view group, const std::string& mount_root, const std::string& folder,
                                  bool version_2) {
  std::string_view below = group;  // the group's path under the mount
  const bool shown = mount_root == "/" || (group.starts_with(mount_root) &&
                                           (group.size() == mount_root.size() || group[mount_root.size()] == '/'));
  if (!shown || (std::string(group) + "/").find("/../") != std::string::npos)
    below = "";  // the mount is the group, seen from another name space
  else if (mount_root != "/")
    below.remove_prefix(mount_root.size());
  double least = quota_in(folder, version_2);
  for (; !below.empty() && below != "/"; below = below.substr(0, below.rfind('/'))) {
    const double here = quota_in(folder + std::string(below), version_2);
    if (here < least) least = here;
  }
  return least;
}

/// The least quota of this process's groups, in processors; infinity: none. `self` is the process's folder in /proc,
/// `root` stands in front of the mounts' paths.
XSTITCH_INLINE double least_quota(const std::string& self = "/proc/self", const std::string& root = "") {
  const std::string groups = read(self + "/cgroup"), mounts = read(self + "/mountinfo");
  double least = std::numeric_limits<double>::infinity();
  for (std::string_view rest = mounts; !rest.empty();) {
    // number parent major:minor ROOT FOLDER options tags ... - TYPE source SUPER-OPTIONS
    std::string_view line = take(rest, '\n');
    for (int skipped = 0; skipped < 3; ++skipped) take(line, ' ');
    const std::string mount_root = unescaped(take(line, ' ')), folder = root + unescaped(take(line, ' '));
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    line.remove_prefix(dash + 3);
    const std::string_view type = take(line, ' ');
    take(line, ' ');
    const bool version_2 = type == "cgroup2";
    if (!version_2 && !(type == "cgroup" && lists(line, "cpu"))) continue;
    for (std::string_view others = groups; !others.empty();) {  // number:controllers:GROUP, of version 2 "0::GROUP"
      std::string_view group = take(others, '\n');
      const std::string_view number = take(group, ':'), controllers = take(group, ':');
      if (version_2 ? number != "0" || !controllers.empty() : !lists(controllers, "cpu")) continue;
      if (!group.starts_with('/')) continue;
      const double here = least_quota(group, mount_root, folder, version_2);
      if (here < least) least = here;
    }
  }
  return least;
}

/// Processors that the calling thread may run on, at least 1.
inline std::size_t in_affinity() noexcept {
  constexpr std::size_t words = 1024;  // 65536 processors; the C library's cpu_set_t has room for 1024
  unsigned long mask[words] = {};
  if (::sched_getaffinity(0, sizeof mask, reinterpret_cast<cpu_set_t*>(mask)) == 0)
    if (const int count = CPU_COUNT_S(sizeof mask, reinterpret_cast<cpu_set_t*>(mask)); count > 0)
      return static_cast<std::size_t>(count);
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<std::size_t>(online) : 1;
}

/// What a process may use: so many threads do not take turns on `whole` processors; `count` is the quota rounded up.
struct Allowed {
  std::size_t count = 1, whole = 1;
};

inline Allowed limit(std::size_t available, double quota) {
  const auto limited = [&](double share) {
    return share < static_cast<double>(available) ? static_cast<std::size_t>(share) : available;
  };
  const std::size_t count = limited(std::ceil(quota));
  return {count > 0 ? count : 1, limited(std::floor(quota))};
}

inline Allowed allowed() { return limit(in_affinity(), least_quota()); }

}  // namespace processors
}  // namespace xstitch::inline XSTITCH_ISA
