#pragma once
/// \file
/// Exponential moving average of a training's parameters w, after its n-th step (n from 1; a step that changes nothing
/// does not count), as TensorFlow's ExponentialMovingAverage:
///
///     a <- a + (1 - d) (w - a)     d = min(decay, (1 + n) / (10 + n))     a = w before the first step
///
/// d rises from 2/11, so that what the training started from is forgotten soon; without `warm_up` d = decay. All
/// parameters are averaged, running statistics too (they are those of the weights along the way, as the average is):
/// what does not move keeps its bits. The training knows nothing of it: its bits are those without.
///
///     xs::train(net, data, sgd, {.epochs = 10, .weight_average = xs::WeightAverage{.decay = 0.999F}});
///
/// Evaluations, and with them the best checkpoint, are of the averaged weights; the network has those of the training
/// before and after. See also train/average_state.hpp.

#include <xstitch/core/memory.hpp>
#include <xstitch/core/number_text.hpp>
#include <xstitch/run/any_net.hpp>
#include <xstitch/run/updater.hpp>
#include <xstitch/train/setting_range.hpp>
#include <xstitch/train/vector_rule.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace xstitch::inline XSTITCH_ISA {

struct WeightAverage {
  float decay = 0.999F;  ///< at least 0 and below 1
  bool warm_up = true;   ///< less decay in the first steps

  /// Refuses settings outside their range.
  XSTITCH_INLINE void check_settings() const {
    setting_range::below_one("WeightAverage", "decay", static_cast<double>(decay));
  }
  [[nodiscard]] std::string describe() const {
    return "decay " + number_text(decay, 9) + (warm_up ? "" : ", no warm-up");
  }
  /// d of the n-th update.
  [[nodiscard]] double decay_at(std::uint64_t n) const {
    const double whole = static_cast<double>(decay);
    return warm_up ? std::min(whole, (1.0 + static_cast<double>(n)) / (10.0 + static_cast<double>(n))) : whole;
  }
};

/// The moving average of a network's parameters during a training.
class AveragedWeights {
 public:
  /// Starts from the parameters as they are.
  XSTITCH_INLINE AveragedWeights(AnyNet& net, const WeightAverage& settings)
      : net_(net), settings_(settings), values_(net.layout().floats() * sizeof(float)) {
    settings.check_settings();
    std::copy_n(raw(), count(), values_.floats());
  }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

  /// Null where none is wanted.
  static std::unique_ptr<AveragedWeights> make(AnyNet& net, const std::optional<WeightAverage>& settings) {
    return settings ? std::make_unique<AveragedWeights>(net, *settings) : nullptr;
  }

  /// After a step that changed the parameters.
  void update(ThreadPool& threads) {
    const vector_rule::Vector share(static_cast<float>(1.0 - settings_.decay_at(++updates_)));
    const float* weights = raw();
    threads.parallel_for((count() + gradient_chunk - 1) / gradient_chunk, [&](std::size_t chunk) {
      UpdateCall call;  // the average is what moves, the weights are what it moves to
      call.weight = values_.floats() + chunk * gradient_chunk;
      call.gradient = weights + chunk * gradient_chunk;
      call.count = std::min(gradient_chunk, count() - chunk * gradient_chunk);
      vector_rule::apply<0>(call, [&](auto& average, auto&, const auto& weight) {
        average = vector_rule::multiply_add(share, weight - average, average);
      });
    });
  }
  /// Steps that went into the average.
  [[nodiscard]] std::uint64_t updates() const noexcept { return updates_; }

  /// The network whose weights are averaged.
  [[nodiscard]] const AnyNet& net() const noexcept { return net_; }
  /// Averages of parameter i.
  [[nodiscard]] std::span<const float> values(std::size_t i) const {
    const ParameterSlot& slot = net_.parameters()[i];
    return {values_.floats() + slot.offset, slot.count};
  }
  /// As they were after so many updates: `read(i)` gives the values of parameter i.
  template <class Read>
  void restore(std::uint64_t updates, const Read& read) {
    updates_ = updates;
    for (std::size_t i = 0; i < net_.parameters().size(); ++i) {
      const std::span<const float> values = read(i);
      std::copy(values.begin(), values.end(), values_.floats() + net_.parameters()[i].offset);
    }
  }

  /// Parameters of their own, for predictors and initialise_from(); null if they are not finite.
  [[nodiscard]] XSTITCH_INLINE std::shared_ptr<Parameters> copy() const {
    if (!all_finite({values_.floats(), count()})) return nullptr;
    auto result = std::make_shared<Parameters>(net_.program());
    for (std::size_t i = 0; i < net_.parameters().size(); ++i) {
      const std::span<const float> from = values(i);
      std::copy(from.begin(), from.end(), result->writable(i).begin());
    }
    return result;
  }
  /// Memory of the averages.
  [[nodiscard]] std::size_t bytes() const noexcept { return values_.bytes(); }

  /// While it lives, the network has the averaged weights, and the average those of the training; of null: nothing.
  class InNetwork {
   public:
    /// Exchanges the weights; of null: nothing.
    explicit InNetwork(AveragedWeights* average) : average_(average) {
      if (average_ == nullptr) return;
      const WriteAccess access(average_->net_.model(), "an evaluation of averaged weights");
      average_->exchange();
    }
    ~InNetwork() {
      if (average_ != nullptr) average_->exchange();
    }
    InNetwork(const InNetwork&) = delete;
    InNetwork& operator=(const InNetwork&) = delete;

   private:
    AveragedWeights* average_;
  };

 private:
  [[nodiscard]] std::size_t count() const { return values_.bytes() / sizeof(float); }
  /// All parameters of the network, one after the other as its layout says.
  [[nodiscard]] float* raw() const {
    return net_.parameters().empty() ? nullptr : net_.model().data(0) - net_.parameters()[0].offset;
  }
  void exchange() noexcept {
    std::swap_ranges(values_.floats(), values_.floats() + count(), raw());
    net_.model().changed();
  }

  AnyNet& net_;
  WeightAverage settings_;
  Memory values_;
  std::uint64_t updates_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
