// The fuzz program of all readers: XSTITCH_FUZZ names the target. With XSTITCH_FUZZ_SEEDS=FOLDER it writes each
// target's seeds to FOLDER/TARGET and ends; without a target it prints their names.
#include "fuzz.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <filesystem>

#include <fcntl.h>
#include <sanitizer/allocator_interface.h>
#include <unistd.h>

namespace fuzz {

std::vector<Target>& targets() {
  static std::vector<Target> all;
  return all;
}

namespace {

std::int64_t live = 0, highest = 0;
void allocated(const volatile void*, std::size_t size) {
  live += static_cast<std::int64_t>(size);
  highest = std::max(highest, live);
}
void freed(const volatile void* memory) {
  if (memory != nullptr) live -= static_cast<std::int64_t>(__sanitizer_get_allocated_size(const_cast<void*>(memory)));
}

const Target* chosen = nullptr;

struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("xstitch_fuzz_" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

int begin() {
  std::vector<Target>& all = targets();
  std::sort(all.begin(), all.end(), [](const Target& a, const Target& b) { return a.name < b.name; });
  if (const char* to = std::getenv("XSTITCH_FUZZ_SEEDS")) {
    for (const Target& target : all) {
      const std::filesystem::path folder = std::filesystem::path(to) / target.name;
      std::filesystem::create_directories(folder);
      int number = 0;
      for (const std::string& seed : target.seeds()) put((folder / std::to_string(number++)).string(), seed);
    }
    std::exit(0);
  }
  const char* name = std::getenv("XSTITCH_FUZZ");
  for (const Target& target : all) {
    if (name == nullptr) std::puts(target.name.c_str());
    if (name != nullptr && target.name == name) chosen = &target;
  }
  if (chosen == nullptr) {
    if (name != nullptr) std::fprintf(stderr, "no target is named %s\n", name);
    std::exit(name == nullptr ? 0 : 2);
  }
  __sanitizer_install_malloc_and_free_hooks(allocated, freed);
  return 0;
}

}  // namespace

std::string file(std::string_view name) {
  static const Folder folder;
  return (folder.path / name).string();
}
void put(const std::string& path, std::string_view bytes) {
  const int number = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0666);
  if (number < 0 || ::write(number, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
      ::close(number) != 0) {
    std::perror(path.c_str());
    std::exit(3);
  }
}
void Memory::begin() { live = highest = 0; }
std::uint64_t Memory::most() { return static_cast<std::uint64_t>(highest); }

}  // namespace fuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) { return fuzz::begin(); }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> copy(data, data + size);  // of its exact size: a step beyond it is seen
  const std::clock_t begin = std::clock();
  fuzz::chosen->run(copy);
  // Processor time: the machine may be busy. No input has more than a few kilobytes.
  if (std::clock() - begin > 5 * CLOCKS_PER_SEC) fuzz::broken("an input takes less than 5 s");
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  if (!fuzz::chosen->mutate) return LLVMFuzzerMutate(data, size, most);
  std::string bytes(reinterpret_cast<const char*>(data), size);
  fuzz::chosen->mutate(bytes, seed, most);
  bytes.resize(std::min(bytes.size(), most));
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}
