#pragma once
/// \file
/// Fully connected layer written as its formula, in double: the oracle of the fast kernels.

#include <xstitch/core/isa.hpp>

#include <cstddef>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels::reference {

inline std::vector<double> linear_forward(std::size_t batch, std::size_t inputs, std::size_t outputs, const float* in,
                                          const float* weights, const float* bias) {
  std::vector<double> out(batch * outputs);
  for (std::size_t n = 0; n < batch; ++n)
    for (std::size_t o = 0; o < outputs; ++o) {
      double sum = bias != nullptr ? static_cast<double>(bias[o]) : 0.0;
      for (std::size_t i = 0; i < inputs; ++i)
        sum += static_cast<double>(in[n * inputs + i]) * static_cast<double>(weights[i * outputs + o]);
      out[n * outputs + o] = sum;
    }
  return out;
}

inline std::vector<double> linear_backward_data(std::size_t batch, std::size_t inputs, std::size_t outputs,
                                                const float* out_gradient, const float* weights) {
  std::vector<double> in_gradient(batch * inputs);
  for (std::size_t n = 0; n < batch; ++n)
    for (std::size_t i = 0; i < inputs; ++i)
      for (std::size_t o = 0; o < outputs; ++o)
        in_gradient[n * inputs + i] +=
            static_cast<double>(out_gradient[n * outputs + o]) * static_cast<double>(weights[i * outputs + o]);
  return in_gradient;
}

inline std::vector<double> linear_backward_weights(std::size_t batch, std::size_t inputs, std::size_t outputs,
                                                   const float* in, const float* out_gradient) {
  std::vector<double> weight_gradient(inputs * outputs);
  for (std::size_t n = 0; n < batch; ++n)
    for (std::size_t i = 0; i < inputs; ++i)
      for (std::size_t o = 0; o < outputs; ++o)
        weight_gradient[i * outputs + o] +=
            static_cast<double>(in[n * inputs + i]) * static_cast<double>(out_gradient[n * outputs + o]);
  return weight_gradient;
}

}  // namespace kernels::reference
}  // namespace xstitch::inline XSTITCH_ISA
