// Which processors a process may use: quotas of control groups from made-up trees, affinity from the system.
#include <xstitch/core/processors.hpp>
#include <xstitch/core/threads.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

#include <sched.h>
#include <unistd.h>

namespace xs = xstitch;
namespace fs = std::filesystem;

namespace {

constexpr double none = std::numeric_limits<double>::infinity();

/// A made-up machine: files below a folder of its own.
struct Machine {
  fs::path root = fs::temp_directory_path() / ("xstitch_processors_" + std::to_string(::getpid()));
  Machine() { fs::remove_all(root); }
  ~Machine() { fs::remove_all(root); }

  void file(const std::string& path, const std::string& text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  /// The process's groups, and what is mounted.
  void process(const std::string& groups, const std::string& mounts) const {
    file("proc/self/cgroup", groups);
    file("proc/self/mountinfo", mounts);
  }
  [[nodiscard]] double quota() const {
    return xs::processors::least_quota((root / "proc/self").string(), root.string());
  }
};

const std::string version_2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

}  // namespace

TEST_CASE("version 2: the least quota of the group and of those above it") {
  const Machine machine;
  machine.process("0::/system.slice/job.service\n", "24 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + version_2);
  CHECK(machine.quota() == none);  // no file at all
  machine.file("sys/fs/cgroup/system.slice/job.service/cpu.max", "max 100000\n");
  CHECK(machine.quota() == none);
  machine.file("sys/fs/cgroup/system.slice/job.service/cpu.max", "20000 100000\n");
  CHECK(machine.quota() == 0.2);
  machine.file("sys/fs/cgroup/system.slice/job.service/cpu.max", "250000 100000\n");
  CHECK(machine.quota() == 2.5);
  machine.file("sys/fs/cgroup/system.slice/cpu.max", "75000 50000\n");
  CHECK(machine.quota() == 1.5);
  machine.file("sys/fs/cgroup/cpu.max", "3000 10000\n");  // the root of a container's own name space
  CHECK(machine.quota() == 0.3);
  machine.file("sys/fs/cgroup/other/cpu.max", "1000 100000\n");  // of others
  CHECK(machine.quota() == 0.3);
}

TEST_CASE("version 1: the group of the controller cpu, under its own mount") {
  const Machine machine;
  const std::string mounts =
      "33 31 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"
      "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:7 - cgroup cgroup rw,cpu,cpuacct\n"
      "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  machine.process("9:name=systemd:/a\n3:cpuset:/b\n2:cpu,cpuacct:/jobs/mine\n0::/\n", mounts);
  const std::string group = "sys/fs/cgroup/cpu,cpuacct/jobs";
  machine.file(group + "/mine/cpu.cfs_quota_us", "-1\n");
  machine.file(group + "/mine/cpu.cfs_period_us", "100000\n");
  CHECK(machine.quota() == none);
  machine.file(group + "/cpu.cfs_quota_us", "320000\n");
  CHECK(machine.quota() == none);  // a quota of no known period
  machine.file(group + "/cpu.cfs_period_us", "100000\n");
  CHECK(machine.quota() == 3.2);
  machine.file("sys/fs/cgroup/cpuset/b/cpu.cfs_quota_us", "1\n");  // another controller
  machine.file("sys/fs/cgroup/cpuset/b/cpu.cfs_period_us", "100000\n");
  CHECK(machine.quota() == 3.2);
  machine.file("sys/fs/cgroup/unified/cpu.max", "100000 100000\n");  // both versions at once: the lesser
  CHECK(machine.quota() == 1.0);
}

TEST_CASE("mounts of a part of the tree, of another name space and under odd names") {
  const Machine machine;
  machine.file("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000");
  machine.file("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
  machine.file("sys/fs/cgroup/cpu/sub/cpu.cfs_quota_us", "40000");
  machine.file("sys/fs/cgroup/cpu/sub/cpu.cfs_period_us", "100000");
  const std::string mounts = "32 31 0:29 /docker/12 /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
  machine.process("4:cpu:/docker/12\n", mounts);
  CHECK(machine.quota() == 0.5);
  machine.process("4:cpu:/docker/12/sub\n", mounts);
  CHECK(machine.quota() == 0.4);
  machine.process("4:cpu:/docker/123/sub\n", mounts);  // not below the mount, though it begins with the same letters
  CHECK(machine.quota() == 0.5);
  machine.process("4:cpu:/../../sub\n", "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n");
  CHECK(machine.quota() == 0.5);
  machine.file("a b/..c/cpu.max", "7 2");
  machine.process("0::/..c\n", "30 23 0:26 / /a\\040b rw - cgroup2 cgroup2 rw\n");
  CHECK(machine.quota() == 3.5);
}

TEST_CASE("what is not as it should be limits nothing") {
  const Machine machine;
  CHECK(machine.quota() == none);
  for (const char* text : {"", "\n", "max", "0 100000", "-5 100000", "100000", "100000 0", "100000 -1", "nan 1",
                           "inf 100000", "some words"}) {
    CAPTURE(text);
    machine.process("0::/\n", version_2);
    machine.file("sys/fs/cgroup/cpu.max", text);
    CHECK(machine.quota() == none);
  }
  machine.file("sys/fs/cgroup/cpu.max", "100000 100000");
  for (const char* mounts :
       {"", "\n\n", "1", "30 23 0:26 / /sys/fs/cgroup rw", " - cgroup2", "a b c d e f - cgroup2"}) {
    CAPTURE(mounts);
    machine.process("0::/\n", mounts);
    CHECK(machine.quota() == none);
  }
  for (const char* groups : {"", "0", "0:", "::", "1:cpu:/", "0:cpu:/", "\n\n"}) {
    CAPTURE(groups);
    machine.process(groups, version_2);
    CHECK(machine.quota() == none);
  }
  fs::remove_all(machine.root / "proc");
  fs::create_directories(machine.root / "proc/self/cgroup");  // folders where files are expected
  fs::create_directories(machine.root / "proc/self/mountinfo");
  CHECK(machine.quota() == none);
}

TEST_CASE("a quota is rounded up, to at least one thread and at most the processors there are") {
  using xs::processors::limit;
  CHECK(limit(8, none).count == 8);
  CHECK(limit(8, none).whole == 8);
  CHECK(limit(8, 0.2).count == 1);
  CHECK(limit(8, 0.2).whole == 0);
  CHECK(limit(8, 1.5).count == 2);
  CHECK(limit(8, 1.5).whole == 1);  // two threads would spend the quota by spinning
  CHECK(limit(8, 3.0).count == 3);
  CHECK(limit(8, 3.0).whole == 3);
  CHECK(limit(2, 64.0).count == 2);
  CHECK(limit(2, 1e300).count == 2);
}

TEST_CASE("a pool of 0 threads asks for the affinity of the thread that makes it") {
  std::thread([] {
    cpu_set_t before, one;
    REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
    CHECK(xs::processors::in_affinity() == static_cast<std::size_t>(CPU_COUNT(&before)));
    int first = 0;
    while (!CPU_ISSET(first, &before)) ++first;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    if (::sched_setaffinity(0, sizeof one, &one) != 0) return;  // not allowed here
    CHECK(xs::processors::in_affinity() == 1);
    CHECK(xs::processors::allowed().count == 1);
    CHECK(xs::ThreadPool().size() == 1);
    CHECK(xs::ThreadPool(3).size() == 3);
  }).join();
}
