#pragma once
// Compares the passes of a fully connected layer with their references, and their bits on several numbers of threads.

#include "conv_check.hpp"
#include "reference/linear.hpp"

#include <xstitch/kernels/linear.hpp>

#include <mutex>

namespace linear_check {

using conv_check::distance;
using conv_check::random_floats;
namespace kernels = xstitch::kernels;

struct Passes {
  std::vector<float> out, rectified, in_gradient, stored, taken, bias_gradient;
  bool operator==(const Passes&) const = default;
};

template <class Arithmetic>
struct OfArithmetic {
  using Forward = kernels::LinearForward<Arithmetic>;
  using Backward = kernels::LinearBackward<Arithmetic>;
};

template <class Kernels>
Passes run(std::size_t batch, int inputs, int outputs, std::size_t thread_count) {
  const auto i = static_cast<std::size_t>(inputs), o = static_cast<std::size_t>(outputs);
  const auto x = random_floats(batch * i, 1), w = random_floats(i * o, 2), b = random_floats(o, 3);
  const auto dy = random_floats(batch * o, 4);
  xstitch::ThreadPool threads(thread_count);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  using Forward = typename Kernels::Forward;
  using Backward = typename Kernels::Backward;
  const xstitch::Memory workspace(
      std::max(Forward::workspace(inputs, outputs).bytes(batch), Backward::workspace(inputs, outputs).bytes(batch)));
  Passes p{std::vector<float>(batch * o, nan), std::vector<float>(batch * o, nan), std::vector<float>(batch * i, nan),
           std::vector<float>(i * o, nan),     std::vector<float>(i * o, nan),     std::vector<float>(o, nan)};
  Forward::run(batch, inputs, outputs, x.data(), w.data(), b.data(), false, p.out.data(), workspace.data(), threads);
  Forward::run(batch, inputs, outputs, x.data(), w.data(), b.data(), true, p.rectified.data(), workspace.data(),
               threads);
  // Packed beforehand: the same bits.
  const xstitch::Memory packed(Forward::packed_bytes(inputs, outputs));
  std::vector<float> again(batch * o, nan);
  if (packed.bytes() > 0) Forward::pack(inputs, outputs, w.data(), packed.data(), threads);
  Forward::run(batch, inputs, outputs, x.data(), w.data(), b.data(), false, again.data(), workspace.data(), threads,
               packed.data());
  CHECK(again == p.out);
  std::mutex mutex;
  std::size_t count = 0;
  const auto take = [&](std::size_t offset, const float* gradient, std::size_t n) {
    const std::lock_guard lock(mutex);
    std::copy_n(gradient, n, p.taken.data() + offset);
    count += n;
  };
  Backward::run(batch, inputs, outputs, x.data(), dy.data(), w.data(), p.in_gradient.data(), nullptr,
                p.bias_gradient.data(), take, workspace.data(), threads);
  CHECK(count == i * o);
  Backward::run(batch, inputs, outputs, x.data(), dy.data(), w.data(), nullptr, p.stored.data(), nullptr, take,
                workspace.data(), threads);
  CHECK(count == i * o);
  return p;
}

/// Kernels against references of operands as the arithmetic sees them.
template <class Arithmetic = kernels::Fp32, class Kernels = OfArithmetic<Arithmetic>>
void check(std::size_t batch, int inputs, int outputs, double tolerance = 2e-6) {
  CAPTURE(batch);
  CAPTURE(inputs);
  CAPTURE(outputs);
  const auto i = static_cast<std::size_t>(inputs), o = static_cast<std::size_t>(outputs);
  const auto x = random_floats(batch * i, 1), w = random_floats(i * o, 2), b = random_floats(o, 3);
  const auto dy = random_floats(batch * o, 4);
  using conv_check::operand;
  const auto a = operand<Arithmetic>(x), c = operand<Arithmetic>(w), g = operand<Arithmetic>(dy);
  const Passes p = run<Kernels>(batch, inputs, outputs, 1);
  CHECK(distance(p.out, kernels::reference::linear_forward(batch, i, o, a.data(), c.data(), b.data())) <
        tolerance * std::sqrt(inputs + 1.0));
  CHECK(p.rectified == conv_check::rectified(p.out));
  CHECK(distance(p.in_gradient, kernels::reference::linear_backward_data(batch, i, o, g.data(), c.data())) <
        tolerance * std::sqrt(static_cast<double>(outputs)));
  CHECK(distance(p.taken, kernels::reference::linear_backward_weights(batch, i, o, a.data(), g.data())) <
        tolerance * std::sqrt(static_cast<double>(batch)));
  CHECK(distance(p.bias_gradient, kernels::reference::bias_gradient(batch, o, dy.data())) < 1e-5);
  CHECK(p.stored == p.taken);
  for (const std::size_t thread_count : {std::size_t{2}, std::size_t{3}, std::size_t{7}})
    CHECK(run<Kernels>(batch, inputs, outputs, thread_count) == p);
}

}  // namespace linear_check
