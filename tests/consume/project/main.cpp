#if __has_include(<xstitch/xstitch.hpp>)
#include <xstitch/xstitch.hpp>
#endif
#include <xstitch/core/random.hpp>
#include <xstitch/core/threads.hpp>

#include <Eigen/Core>
#include <cstdio>
#include <vector>

double second_sum();  // the same headers in another translation unit

int main() {
  xstitch::ThreadPool threads(2);
  std::vector<double> values(100);
  const xstitch::RandomKey key(xstitch::seed(1));
  threads.parallel_for(values.size(), [&](std::size_t i) { values[i] = key.uniform(i); });
  const double sum = Eigen::Map<const Eigen::VectorXd>(values.data(), 100).sum();
  std::printf("%s: %.6f\n", xstitch::simd_name(), sum);
  return sum > 0 && sum < 100 && sum - second_sum() < 1e-9 && second_sum() - sum < 1e-9 ? 0 : 1;
}
