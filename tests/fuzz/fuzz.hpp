#pragma once
/// \file
/// What the fuzz targets share: a target is one reader of files, fed with bytes. It may read them, or refuse them with
/// the library's Error that names the file; it may take the memory that io/limits.hpp allows a file of that size.
/// Anything else ends the program, and libFuzzer keeps the bytes.

#include <xstitch/core/error.hpp>
#include <xstitch/io/limits.hpp>

#include "../data/temporary_folder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace fuzz {

namespace xs = xstitch;

/// Files as the targets see them: bytes from libFuzzer.
using Input = std::span<const std::uint8_t>;

/// A reader under attack. Targets add themselves to targets() when the program starts.
struct Target {
  std::string name;
  std::function<void(Input)> run;
  std::function<std::vector<std::string>()> seeds;
  /// Changes bytes so that they stay a file of the format; empty for libFuzzer's own changes.
  std::function<void(std::string& bytes, std::uint32_t seed, std::size_t most)> mutate{};
};
std::vector<Target>& targets();
struct Added {
  explicit Added(Target target) { targets().push_back(std::move(target)); }
};

/// A path in this process's own folder.
std::string file(std::string_view name = "x");
void put(const std::string& path, std::string_view bytes);
inline void put(const std::string& path, Input bytes) {
  put(path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

inline std::string bytes_of(const std::string& path) {
  const xstitch_test::Bytes bytes = xstitch_test::read_bytes(path);
  return {bytes.begin(), bytes.end()};
}

/// How many elements an array of these extents has.
std::uint64_t product(const auto& extents) {
  std::uint64_t count = 1;
  for (const auto extent : extents) count *= extent;
  return count;
}

/// Bytes allocated since begin(), at most.
struct Memory {
  static void begin();
  static std::uint64_t most();
};

[[noreturn]] inline void broken(const char* what, const std::string& found = {}) {
  std::fprintf(stderr, "PROPERTY BROKEN: %s %s\n", what, found.c_str());
  std::abort();
}
#define XSTITCH_FUZZ_REQUIRE(...)                   \
  do {                                              \
    if (!(__VA_ARGS__)) fuzz::broken(#__VA_ARGS__); \
  } while (false)

/// Whether `read()` accepted files of `bytes` in all; if it refused them, with an Error that has `name` in it and that
/// a terminal may show.
template <class Read>
bool accepted(std::uint64_t bytes, std::string_view name, const Read& read) {
  bool whole = true;
  Memory::begin();
  try {
    read();
  } catch (const xs::Error& error) {
    whole = false;
    const std::string text = error.what();
    if (text.find(name) == std::string::npos) broken("the Error names the file:", text);
    for (const char letter : text)
      if (static_cast<unsigned char>(letter) < 0x20 && letter != '\n' && letter != '\t')
        broken("the Error holds no control characters:", text);
  }
  if (const std::uint64_t most = Memory::most(); most > xs::limits::memory_for(bytes) + (std::uint64_t{16} << 20))
    broken("memory within the limit of io/limits.hpp:", std::to_string(most));
  return whole;
}

/// Decisions of a builder, taken from the input; zeros at its end.
class Dice {
 public:
  explicit Dice(Input bytes) : bytes_(bytes) {}
  std::uint8_t byte() { return at_ < bytes_.size() ? bytes_[at_++] : std::uint8_t{0}; }
  std::uint32_t below(std::uint32_t n) { return byte() % n; }
  bool one_of(std::uint32_t n) { return byte() % n == 1; }
  std::uint32_t word() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | byte();
    return value;
  }
  /// Mostly small, sometimes at a border.
  std::uint32_t length() {
    const std::uint8_t b = byte();
    constexpr std::uint32_t borders[] = {0x7fffffff, 0x80000000, 0xffffffff, 0x10000,
                                         100000000,  0x3fffffff, 0x1fffffff};
    return b < 240 ? b % 9U : b < 247 ? borders[b - 240] : word();
  }
  std::string text() {
    std::string out;
    for (std::uint32_t n = below(8); n > 0; --n) out += static_cast<char>(byte());
    return out;
  }
  [[nodiscard]] bool done() const { return at_ >= bytes_.size(); }
  [[nodiscard]] Input rest() const { return bytes_.subspan(at_); }

 private:
  Input bytes_;
  std::size_t at_ = 0;
};

}  // namespace fuzz
