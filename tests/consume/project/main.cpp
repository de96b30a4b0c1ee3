#if __has_include(<xstitch/xstitch.hpp>)
#include <xstitch/xstitch.hpp>
#endif
#include <xstitch/core/random.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/core/version.hpp>

#include <Eigen/Core>
#include <cstdio>
#include <string>
#include <vector>

double second_sum();  // the same headers in another translation unit

int main() {
  xstitch::ThreadPool threads(2);
  std::vector<double> values(100);
  const xstitch::RandomKey key(xstitch::seed(1));
  threads.parallel_for(values.size(), [&](std::size_t i) { values[i] = key.uniform(i); });
  const double sum = Eigen::Map<const Eigen::VectorXd>(values.data(), 100).sum();
  const std::string version = xstitch::library_version.text();
  std::printf("%s, %s: %.6f\n", version.c_str(), xstitch::simd_name(), sum);
#ifdef EXPECTED_VERSION
  if (version != EXPECTED_VERSION) return 2;
#endif
  return sum > 0 && sum < 100 && sum - second_sum() < 1e-9 && second_sum() - sum < 1e-9 ? 0 : 1;
}
