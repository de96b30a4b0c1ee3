#pragma once
/// \file
/// What becomes of gradients. A *policy* takes each parameter's gradient as backward makes it:
///
///     StoreGradients        into one block of the network's size
///     AddGradients          added to what the slices before stored: g = ((g1 + g2) + g3) ..., in their order
///     ApplyGradients        through the optimizer at once, chunk by chunk, while gradient and weight are in cache
///
/// and is told when a parameter's gradient is complete. The blocks lie in the order in which backward completes them,
/// so that a policy that sends them elsewhere may send what is complete. A new policy is a new class.

#include <xstitch/core/finite.hpp>
#include <xstitch/core/memory.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/layers/gradient_sink.hpp>
#include <xstitch/run/gradient_chunk.hpp>
#include <xstitch/run/parameters.hpp>
#include <xstitch/run/updater.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class GradientPolicy {
 public:
  GradientPolicy() = default;
  GradientPolicy(const GradientPolicy&) = delete;
  GradientPolicy& operator=(const GradientPolicy&) = delete;
  virtual ~GradientPolicy() = default;

  /// Where the whole gradient is to be written, or null: then it is emitted in chunks.
  [[nodiscard]] virtual float* destination(std::size_t slot) = 0;
  /// Elements [offset, offset + count); from several threads, each element once.
  virtual void emit(std::size_t slot, std::size_t offset, const float* gradient, std::size_t count) = 0;
  /// Takes the factors of the gradient in place of it; false: make the gradient.
  virtual bool take_factors(std::size_t, const GradientFactors&) { return false; }
  /// Nothing more of this parameter's gradient comes.
  virtual void complete(std::size_t) {}
};

/// One block of gradients, in backward order.
class GradientBlock {
 public:
  explicit GradientBlock(const Layout& layout) : GradientBlock(layout, [](std::size_t) { return true; }) {}
  /// Of the parameters alone of which `holds(slot)`.
  template <class Holds>
  GradientBlock(const Layout& layout, const Holds& holds) : layout_(&layout), offsets_(layout.slots().size(), 0) {
    for (std::size_t i = layout.program().ops.size(); i-- > 0;)
      for (std::size_t p = 0; p < layout.parameter_count(i); ++p) {
        const std::size_t slot = layout.first_parameter(i) + p;
        if (layout.slots()[slot].spec.group == ParameterGroup::buffer || !holds(slot)) continue;
        offsets_[slot] = floats_;
        floats_ += align_up(layout.slots()[slot].count * sizeof(float)) / sizeof(float);
      }
  }
  void allocate() {
    if (memory_.bytes() < floats_ * sizeof(float)) memory_ = Memory(floats_ * sizeof(float));
  }
  [[nodiscard]] bool allocated() const noexcept { return memory_.bytes() > 0; }
  [[nodiscard]] std::size_t bytes() const noexcept { return memory_.bytes(); }
  [[nodiscard]] float* data(std::size_t slot) const noexcept { return memory_.floats() + offsets_[slot]; }
  [[nodiscard]] std::span<float> of(std::size_t slot) const noexcept {
    return {data(slot), layout_->slots()[slot].count};
  }
  /// Elements of all, padding included.
  [[nodiscard]] std::span<float> all() const noexcept { return {memory_.floats(), floats_}; }

 private:
  const Layout* layout_;
  std::vector<std::size_t> offsets_;  ///< [parameter]
  std::size_t floats_ = 0;
  Memory memory_;
};

class StoreGradients : public GradientPolicy {
 public:
  explicit StoreGradients(GradientBlock& block) : block_(block) {}
  float* destination(std::size_t slot) override { return block_.data(slot); }
  void emit(std::size_t slot, std::size_t offset, const float* gradient, std::size_t count) override {
    std::copy_n(gradient, count, block_.data(slot) + offset);
  }

 private:
  GradientBlock& block_;
};

class AddGradients : public GradientPolicy {
 public:
  explicit AddGradients(GradientBlock& block) : block_(block) {}
  float* destination(std::size_t) override { return nullptr; }
  void emit(std::size_t slot, std::size_t offset, const float* gradient, std::size_t count) override {
    float* sum = block_.data(slot) + offset;
    for (std::size_t i = 0; i < count; ++i) sum[i] += gradient[i];
  }

 private:
  GradientBlock& block_;
};

/// Each chunk is checked before it is applied; from the first that is not finite on nothing more is written.
class ApplyGradients : public GradientPolicy {
 public:
  static constexpr std::size_t nothing = static_cast<std::size_t>(-1);

  explicit ApplyGradients(const Updater& updater) : updater_(updater) {}
  float* destination(std::size_t) override { return nullptr; }
  void emit(std::size_t slot, std::size_t offset, const float* gradient, std::size_t count) override {
    if (bad_.load(std::memory_order_relaxed) != nothing) return;
    if (!all_finite({gradient, count})) {
      std::size_t expected = nothing;
      bad_.compare_exchange_strong(expected, slot, std::memory_order_relaxed);
      return;
    }
    if (!changed_.load(std::memory_order_relaxed)) changed_.store(true, std::memory_order_relaxed);
    updater_.update(slot, offset, gradient, count);
  }

  /// The parameter whose gradient was the first that was not finite, or `nothing`.
  [[nodiscard]] std::size_t bad() const noexcept { return bad_.load(); }
  [[nodiscard]] bool changed() const noexcept { return changed_.load(); }

 private:
  const Updater& updater_;
  std::atomic<std::size_t> bad_{nothing};
  std::atomic<bool> changed_{false};
};

/// The first trained parameter whose stored gradient is not finite, or npos. `share`: looks at this rank's alone.
XSTITCH_INLINE std::size_t find_non_finite_gradient(const Parameters& parameters, const GradientBlock& block,
                                                    const StateShare* share = nullptr) {
  const auto finite = [&](std::size_t s) {
    if (share == nullptr) return all_finite(block.of(s));
    return std::ranges::all_of(share->of(s), [&](const StateShare::Chunk& chunk) {
      return chunk.owner != share->rank() || all_finite(block.of(s).subspan(chunk.offset, chunk.count));
    });
  };
  for (std::size_t s = 0; s < parameters.slots().size(); ++s)
    if (parameters.trained(s) && !finite(s)) return s;
  return Parameters::npos;
}

/// Scales the gradients of all trained parameters so that their common norm is at most `largest`.
XSTITCH_INLINE void clip_gradients(const Parameters& parameters, const GradientBlock& block, float largest,
                                   std::vector<double>& parts, ThreadPool& threads) {
  double squares = 0.0;
  for (std::size_t s = 0; s < parameters.slots().size(); ++s) {
    if (!parameters.trained(s)) continue;
    const std::span<const float> g = block.of(s);
    const std::size_t chunks = (g.size() + gradient_chunk - 1) / gradient_chunk;
    parts.assign(chunks, 0.0);
    threads.parallel_for(chunks, [&](std::size_t chunk) {
      double sum = 0.0;
      for (std::size_t k = chunk * gradient_chunk; k < std::min(g.size(), (chunk + 1) * gradient_chunk); ++k)
        sum += static_cast<double>(g[k]) * static_cast<double>(g[k]);
      parts[chunk] = sum;
    });
    for (const double part : parts) squares += part;
  }
  const double norm = std::sqrt(squares);
  if (!(norm > static_cast<double>(largest))) return;
  const float scale = static_cast<float>(static_cast<double>(largest) / norm);
  const std::span<float> all = block.all();
  threads.parallel_for((all.size() + gradient_chunk - 1) / gradient_chunk, [&](std::size_t chunk) {
    for (std::size_t k = chunk * gradient_chunk; k < std::min(all.size(), (chunk + 1) * gradient_chunk); ++k)
      all[k] *= scale;
  });
}

}  // namespace xstitch::inline XSTITCH_ISA
