// Where xstitch meets the libraries under it, and nothing else of it: matrices, tensors, vectors.
#include <xstitch/core/views.hpp>
#include <xstitch/kernels/xsimd.hpp>

#include <array>
#include <cstdio>
#include <vector>

int main() {
  std::vector<float> values(24, 1.0F);
  xstitch::matrix_view(values.data(), 4, 6).row(1) *= 2;
  const auto tensor = xstitch::tensor_view(values.data(), {2, 3, 4});
  const xt::xtensor<float, 3> twice = tensor + tensor;
  const xsimd::batch<float> lanes(tensor(0, 2, 0));
  const float sum = xstitch::kernels::sum_of_lanes(lanes) / static_cast<float>(lanes.size);
  std::printf("Eigen %d.%d, xtensor %d.%d, xsimd %d.%d: %g %g\n", EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION,
              XTENSOR_VERSION_MAJOR, XTENSOR_VERSION_MINOR, XSIMD_VERSION_MAJOR, XSIMD_VERSION_MINOR, double{sum},
              double{twice(0, 1, 2)});
  return sum == 2 && twice(0, 1, 2) == 4 && twice(1, 2, 3) == 2 ? 0 : 1;
}
