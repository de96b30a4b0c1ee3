// Compiled twice, with different -march and -DPREFIX=lower or -DPREFIX=upper: kernels, layers and the thread pool,
// each as the header gives them to this translation unit.
#include "kernels.hpp"

#include <xstitch/core/random.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/run_layer.hpp>
#if __has_include(<xstitch/layers/conv.hpp>)
#include <xstitch/layers/conv.hpp>
#endif
#if __has_include(<xstitch/xstitch.hpp>)
#include <xstitch/xstitch.hpp>
#endif

namespace xs = xstitch;

namespace {

// What the compiler was told, found without the library: the widest vectors of this translation unit.
constexpr int vector_bytes =
#if defined(__AVX512F__)
    64;
#elif defined(__AVX2__)
    32;
#else
    16;
#endif

template <class Run>
double run_layer(Run&& run) {
  const xs::RandomKey key = xs::RandomKey(xs::seed(5)).with("input");
  std::span<float> input = run.input();
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = key.normal(i);
  run.forward();
  double sum = 0.0;
  for (const float v : run.output()) sum += v;
  return sum;
}

}  // namespace

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

const char* JOIN(PREFIX, _simd_name)() { return xs::simd_name(); }
int JOIN(PREFIX, _vector_bytes)() { return vector_bytes; }
double JOIN(PREFIX, _result)() {
  double result = run_layer(xs::RunLayer<xs::Relu, xs::Dims{6, 7, 32}>(xs::RunOptions{.batch = 3, .threads = 2}));
#if __has_include(<xstitch/layers/conv.hpp>)
  result +=
      run_layer(xs::RunLayer<xs::Conv<"conv", 32, 3>, xs::Dims{6, 7, 32}>(xs::RunOptions{.batch = 3, .threads = 2}));
#endif
  return result;
}
