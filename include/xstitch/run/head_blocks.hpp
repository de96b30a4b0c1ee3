#pragma once
/// \file
/// The gradient of each head's weighted loss, added over the slices of a batch and over ranks. That of the first head
/// that reaches a parameter lies in the network's own block, where the combined gradient takes its place; the other
/// heads that reach it have blocks of their own. In memory: for each head but the first what it shares with those
/// before it.
///
///     product of heads i and j = sum over parameters that both reach of <g_i, g_j>
///     combined gradient        = sum over heads of  c_h g_h
///
/// Sums run over chunks of fixed size, in double, added in order: their bits do not depend on the number of threads.

#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/run/gradients.hpp>
#include <xstitch/run/head_reach.hpp>
#include <xstitch/run/reduction.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class HeadBlocks {
 public:
  [[gnu::cold]] HeadBlocks(const Layout& layout, const Parameters& parameters, const HeadReach& reach)
      : layout_(layout), parameters_(parameters), reach_(reach) {}

  /// Before a batch. `whole`: the block of the network; `present`: heads whose backward pass will run.
  XSTITCH_INLINE void begin(GradientBlock& whole, std::span<const std::uint8_t> present) {
    whole_ = &whole;
    if (made_version_ != parameters_.trained_version() || blocks_.empty()) {
      made_version_ = parameters_.trained_version();
      blocks_.clear();
      for (std::size_t h = 0; h < reach_.heads(); ++h)
        blocks_.emplace_back(layout_,
                             [&](std::size_t slot) { return reach_.reaches(h, slot) && reach_.first(slot) != h; });
    }
    for (GradientBlock& block : blocks_) block.allocate();
    for (std::size_t slot = 0; slot < layout_.slots().size(); ++slot)
      for (std::size_t h = 0; h < present.size(); ++h)
        if (present[h] == 0 && trained(slot) && reach_.reaches(h, slot)) std::ranges::fill(at(h, slot), 0.0F);
  }

  /// Where the gradient of a head goes, during one slice.
  class Policy : public GradientPolicy {
   public:
    Policy(const HeadBlocks& blocks, std::size_t head, bool add) : blocks_(blocks), head_(head), add_(add) {}
    float* destination(std::size_t slot) override { return add_ ? nullptr : blocks_.at(head_, slot).data(); }
    void emit(std::size_t slot, std::size_t offset, const float* gradient, std::size_t count) override {
      float* to = blocks_.at(head_, slot).data() + offset;
      if (!add_) return (void)std::copy_n(gradient, count, to);
      for (std::size_t i = 0; i < count; ++i) to[i] += gradient[i];
    }

   private:
    const HeadBlocks& blocks_;
    std::size_t head_;
    bool add_;
  };

  /// After a slice: a head's gradient goes to the sum over slices and ranks.
  XSTITCH_INLINE void reduce(std::size_t head, Reduction& ranks, ThreadPool& threads) const {
    for (std::size_t i = layout_.program().ops.size(); i-- > 0;)
      for (std::size_t p = 0; p < layout_.parameter_count(i); ++p)
        if (const std::size_t slot = layout_.first_parameter(i) + p; trained(slot) && reach_.reaches(head, slot))
          ranks.start(slot, at(head, slot));
    ranks.finish(threads);
  }

  /// [head, head], over the parameters that at least `least` heads reach; without `pairs` only the diagonal.
  XSTITCH_INLINE void products(std::size_t least, bool pairs, std::vector<double>& result, ThreadPool& threads) {
    const std::size_t heads = reach_.heads();
    result.assign(heads * heads, 0.0);
    for (std::size_t slot = 0; slot < layout_.slots().size(); ++slot) {
      if (!trained(slot) || reach_.count(slot) < std::max<std::size_t>(2, least)) continue;
      const std::size_t count = layout_.slots()[slot].count, chunks = (count + gradient_chunk - 1) / gradient_chunk;
      parts_.assign(chunks * heads * heads, 0.0);
      threads.parallel_for(chunks, [&](std::size_t chunk) {
        const std::size_t begin = chunk * gradient_chunk, size = std::min(gradient_chunk, count - begin);
        for (std::size_t i = 0; i < heads; ++i)
          for (std::size_t j = i; j < (pairs ? heads : i + 1); ++j)
            if (reach_.reaches(i, slot) && reach_.reaches(j, slot))
              parts_[(chunk * heads + i) * heads + j] =
                  dot(at(i, slot).data() + begin, at(j, slot).data() + begin, size);
      });
      for (std::size_t k = 0; k < parts_.size(); ++k) result[k % (heads * heads)] += parts_[k];
    }
    for (std::size_t i = 0; i < heads; ++i)
      for (std::size_t j = 0; j < i; ++j) result[i * heads + j] = result[j * heads + i];
  }

  /// The combined gradient takes the place of the first head's.
  void combine(std::span<const double> coefficients, ThreadPool& threads) const {
    for (std::size_t slot = 0; slot < layout_.slots().size(); ++slot) {
      if (!trained(slot) || reach_.count(slot) < 2) continue;
      const std::span<float> to = whole_->of(slot);
      threads.parallel_for((to.size() + gradient_chunk - 1) / gradient_chunk, [&](std::size_t chunk) {
        const std::size_t begin = chunk * gradient_chunk, end = std::min(to.size(), begin + gradient_chunk);
        const auto own = static_cast<float>(coefficients[reach_.first(slot)]);
        for (std::size_t e = begin; e < end; ++e) to[e] *= own;
        for (std::size_t h = reach_.first(slot) + 1; h < reach_.heads(); ++h) {
          if (!reach_.reaches(h, slot)) continue;
          const auto c = static_cast<float>(coefficients[h]);
          const float* from = at(h, slot).data();
          for (std::size_t e = begin; e < end; ++e) to[e] = kernels::multiply_add(c, from[e], to[e]);
        }
      });
    }
  }

  /// Whether there is a trained parameter that at least so many heads reach.
  [[nodiscard]] bool any(std::size_t heads) const {
    for (std::size_t slot = 0; slot < layout_.slots().size(); ++slot)
      if (trained(slot) && reach_.count(slot) >= heads) return true;
    return false;
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t bytes = 0;
    for (const GradientBlock& block : blocks_) bytes += block.bytes();
    return bytes;
  }

 private:
  [[nodiscard]] bool trained(std::size_t slot) const { return parameters_.trained(slot); }
  [[nodiscard]] std::span<float> at(std::size_t head, std::size_t slot) const {
    return reach_.first(slot) == head ? whole_->of(slot) : blocks_[head].of(slot);
  }
  /// In double, where the product of two floats is exact.
  static double dot(const float* a, const float* b, std::size_t count) {
    std::array<double, 16> sums{};
    std::size_t i = 0;
    for (; i + sums.size() <= count; i += sums.size())
      for (std::size_t l = 0; l < sums.size(); ++l)
        sums[l] = kernels::multiply_add(static_cast<double>(a[i + l]), static_cast<double>(b[i + l]), sums[l]);
    for (std::size_t l = 0; i < count; ++i, ++l)
      sums[l] = kernels::multiply_add(static_cast<double>(a[i]), static_cast<double>(b[i]), sums[l]);
    double sum = 0.0;
    for (const double part : sums) sum += part;
    return sum;
  }

  const Layout& layout_;
  const Parameters& parameters_;
  const HeadReach& reach_;
  GradientBlock* whole_ = nullptr;
  std::vector<GradientBlock> blocks_;  ///< [head]
  std::uint64_t made_version_ = 0;
  std::vector<double> parts_;
};

}  // namespace xstitch::inline XSTITCH_ISA
