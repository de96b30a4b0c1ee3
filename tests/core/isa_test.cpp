#include <doctest/doctest.h>

#include <xstitch/core/error.hpp>
#include <xstitch/core/isa.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <typeinfo>

namespace {

// A kind of the library, to look at the name that the linker sees.
struct Outside {};

// The name that `compiler` with `options` gives the instruction set; empty if the compiler does not know the options.
std::string isa_code(const std::string& compiler, const std::string& options) {
  const std::string command = "printf '#include <xstitch/core/isa.hpp>\\nname: XSTITCH_ISA\\n' | " + compiler +
                              " -std=c++20 -E -P " + options + " -I" + XSTITCH_TEST_DIRECTORY +
                              "/../include -x c++ - 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  for (std::array<char, 256> piece{}; std::fgets(piece.data(), piece.size(), pipe) != nullptr;) text += piece.data();
  pclose(pipe);
  const std::size_t at = text.rfind("name: ");
  return at == std::string::npos ? std::string() : text.substr(at + 6, text.find('\n', at) - at - 6);
}

}  // namespace

namespace xstitch::inline XSTITCH_ISA {
struct Probe {};
}  // namespace xstitch::inline XSTITCH_ISA

TEST_CASE("the instruction set is part of the linker's name of everything") {
  const std::string_view mangled = typeid(xstitch::Probe).name();
  CHECK(mangled.find("xstitch") != std::string_view::npos);
  CHECK(mangled.find(xstitch::isa_code()) != std::string_view::npos);
  CHECK(std::string_view(typeid(Outside).name()).find(xstitch::isa_code()) == std::string_view::npos);
}

TEST_CASE("class Error has one name for all instruction sets") {
  CHECK(std::string_view(typeid(xstitch::Error).name()) == "N7xstitch5ErrorE");
}

TEST_CASE("the name for people follows the compiler's options") {
  const std::string_view name = xstitch::simd_name();
#if defined(__AVX512BF16__) && defined(__AVX512BW__) && defined(__AVX512VL__)
  CHECK(name == "avx512bf16");
#elif defined(__AVX512F__)
  CHECK(name.substr(0, 6) == "avx512");
#elif defined(__AVX2__) && defined(__FMA__)
  CHECK(name == "avx2fma");
#elif defined(__aarch64__)
  CHECK(name == "neon");
#else
  CHECK_FALSE(name.empty());
#endif
}

TEST_CASE("the code is short and an identifier") {
  const std::string_view code = xstitch::isa_code();
  CHECK(code.size() <= 12);
  CHECK(code.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz") == std::string_view::npos);
  CHECK(code[0] >= 'a');
}

#if defined(__x86_64__)
TEST_CASE("what the compiler may use differs, so does the name; the compiler itself does not matter") {
  const std::string options[] = {"-march=x86-64",
                                 "-march=core2",  // ssse3
                                 "-march=x86-64-v2",
                                 "-march=sandybridge",
                                 "-march=bdver1",  // avx with fma4 and xop
                                 "-march=bdver2",  // and with fma
                                 "-march=sandybridge -mavx2 -mno-fma",
                                 "-march=x86-64-v3",
                                 "-march=x86-64-v3 -mno-fma",
                                 "-march=x86-64-v3 -mno-bmi2",
                                 "-march=x86-64-v3 -mno-f16c",
                                 "-march=x86-64-v3 -mavxvnni",
                                 "-march=x86-64-v3 -msha",
                                 "-march=x86-64-v3 -mgfni",
                                 "-march=x86-64-v4",
                                 "-march=skylake-avx512",
                                 "-march=cascadelake",
                                 "-march=cooperlake",
                                 "-march=icelake-server",
                                 "-march=sapphirerapids",
                                 "-march=sapphirerapids -mno-amx-bf16",
                                 "-march=sapphirerapids -mno-amx-int8",
                                 "-march=znver3"};
  std::set<std::string> names;
  std::size_t known = 0;
  for (const std::string& option : options) {
    CAPTURE(option);
    const std::string name = isa_code("g++", option), other = isa_code("clang++-16", option);
    REQUIRE_FALSE(name.empty());
    CHECK(name.size() <= 12);
    // Where clang is installed; what a processor has is not the same in both compilers' lists.
    if (!other.empty() && option.starts_with("-march=x86-64")) CHECK(other == name);
    names.insert(name);
    ++known;
  }
  CHECK(names.size() == known);
}
#endif
