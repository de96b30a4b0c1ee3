#pragma once
/// \file
/// Where an operation puts the gradient of one of its parameters. What becomes of it is the policy's business
/// (run/gradients.hpp): it is stored, added to what earlier slices of the batch stored, or applied to the weight at
/// once, while both are in cache.

#include <xstitch/core/isa.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

/// The two factors of a fully connected layer's gradient, dW = x^T dy: a policy that sends gradients to other
/// processes may take them in place of dW, which is larger.
struct GradientFactors {
  const float* input = nullptr;                   ///< x [rows, inputs]
  const float* output_gradient = nullptr;         ///< dy [rows, outputs]
  std::size_t rows = 0, inputs = 0, outputs = 0;  ///< extents of both
};

/// Takes a parameter's gradient, in chunks or whole. Disjoint chunks may come from several threads; each element comes
/// exactly once. An operation must not read a weight after it has emitted that weight's gradient.
class GradientSink {
 public:
  /// A function that consumes elements [offset, offset + count) of a parameter's gradient.
  using Emit = void (*)(void* policy, std::size_t parameter, std::size_t offset, const float* gradient,
                        std::size_t count);
  /// A function that takes factors, or says false.
  using TakeFactors = bool (*)(void* policy, std::size_t parameter, const GradientFactors& factors);

  GradientSink() = default;
  /// Of one parameter: a function for chunks, or a place to write to.
  GradientSink(Emit function, void* policy, std::size_t parameter, float* place, TakeFactors factors = nullptr)
      : emit_(function), policy_(policy), parameter_(parameter), store_(place), factors_(factors) {}

  /// Whether anybody wants this gradient: not that of a parameter that is not trained.
  [[nodiscard]] bool wanted() const noexcept { return emit_ != nullptr || store_ != nullptr; }
  /// Where to write the gradient when it is stored, else null: write there and skip `emit`.
  [[nodiscard]] float* store() const noexcept { return store_; }
  /// Consumes elements [offset, offset + count) of the gradient (only when store() is null).
  void emit(std::size_t offset, const float* gradient, std::size_t count) const {
    if (emit_ != nullptr) emit_(policy_, parameter_, offset, gradient, count);
  }
  /// Offers the factors of dW before dW is made; true if they were taken, and then nothing is to be stored or emitted.
  /// The policy copies or sends what it needs of them at once, and leaves the weight alone until the operation is done.
  [[nodiscard]] bool take_factors(const GradientFactors& factors) const {
    return factors_ != nullptr && factors_(policy_, parameter_, factors);
  }

 private:
  Emit emit_ = nullptr;
  void* policy_ = nullptr;
  std::size_t parameter_ = 0;
  float* store_ = nullptr;
  TakeFactors factors_ = nullptr;
};

}  // namespace xstitch::inline XSTITCH_ISA
