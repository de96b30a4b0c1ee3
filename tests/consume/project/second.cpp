#if __has_include(<xstitch/xstitch.hpp>)
#include <xstitch/xstitch.hpp>
#endif
#include <xstitch/core/random.hpp>

double second_sum();
double second_sum() {
  double sum = 0;
  for (std::size_t i = 0; i < 100; ++i) sum += xstitch::RandomKey(xstitch::seed(1)).uniform(i);
  return sum;
}
