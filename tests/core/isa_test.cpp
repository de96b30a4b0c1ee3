#include <doctest/doctest.h>

#include <xstitch/core/isa.hpp>

#include <string_view>
#include <typeinfo>

namespace {

// A kind of the library, to look at the name that the linker sees.
struct Outside {};

}  // namespace

namespace xstitch::inline XSTITCH_ISA {
struct Probe {};
}  // namespace xstitch::inline XSTITCH_ISA

TEST_CASE("the instruction set is part of the linker's name of everything") {
  const std::string_view mangled = typeid(xstitch::Probe).name();
  CHECK(mangled.find("xstitch") != std::string_view::npos);
  CHECK(mangled.find(xstitch::simd_name()) != std::string_view::npos);
  CHECK(std::string_view(typeid(Outside).name()).find(xstitch::simd_name()) == std::string_view::npos);
}

TEST_CASE("the name follows the compiler's options") {
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
