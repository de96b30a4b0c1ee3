#pragma once
/// \file
/// Adds gradients over ranks in the order of the slices (run/reduction.hpp), in buckets,
///
///     bucket -> R parts;  part p of every rank -> rank p, which adds them in their order           (reduce-scatter)
///     after the last round: the sums of all parts -> every rank                                    (all-gather)
///
/// Parts are equal, or, where state is shared out, what each rank updates: then the all-gather is of weights instead
/// (run/state_share.hpp).
/// so that a rank sends about 2 (R - 1) / R times its gradients, and sums are its own: no order of additions is left to
/// whoever sends. Gradients of fully connected layers are made from their factors where these are smaller
/// (run/factor_exchange.hpp). A thread of its own sends while backward runs on.

#include <xstitch/run/any_net.hpp>
#include <xstitch/run/factor_exchange.hpp>
#include <xstitch/run/ranks.hpp>
#include <xstitch/run/reduction.hpp>
#include <xstitch/run/reduction_options.hpp>
#include <xstitch/run/sender.hpp>
#include <xstitch/run/state_share.hpp>
#include <xstitch/run/wire.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class OrderedReduction : public Reduction {
 public:
  /// `batch`: samples of a whole batch, which decides what is sent as factors.
  XSTITCH_INLINE OrderedReduction(std::shared_ptr<Ranks> ranks, const AnyNet& net, std::size_t batch,
                                  const ReductionOptions& options)
      : ranks_(std::move(ranks)),
        options_(options),
        wire_(options.bf16),
        factors_(*ranks_, net, options.factors && !options.batch_statistics ? batch : 0),
        sender_(options.thread && ranks_->ranks() > 1 && ranks_->any_thread()) {
    if (options.share_state && ranks_->ranks() > 1)
      share_ = std::make_shared<StateShare>(ranks_, net.layout(), options.bucket);
  }

  [[nodiscard]] std::size_t rank() const override { return ranks_->rank(); }
  [[nodiscard]] std::size_t ranks() const override { return ranks_->ranks(); }
  [[nodiscard]] std::shared_ptr<StateShare> share() const override { return share_; }
  [[nodiscard]] bool batch_statistics() const override { return options_.batch_statistics; }
  void gather(std::span<const double> own, std::span<double> all) override {
    sender_.wait();
    ranks_->gather_values(own, all);
  }
  void begin(const ReductionRound& round) override {
    round_ = round;
    samples_.assign(round.samples.begin(), round.samples.end());
    round_.samples = {samples_.data(), samples_.size()};
    next_ = 0;
    first_bucket_ = true;
    factors_.begin(round_);
  }
  bool take_factors(std::size_t slot, const GradientFactors& factors, std::span<float> gradient) override {
    return factors_.take(slot, factors, gradient);
  }
  void start(std::size_t slot, std::span<float> gradient) override {
    if (round_.at_work < ranks())
      held_.push_back({slot, gradient});  // a rank without a slice does not know which come as factors
    else
      add(slot, gradient, factors_.taken(slot));
  }
  XSTITCH_INLINE void finish(ThreadPool& threads) override {
    if (!held_.empty()) add_held();
    send();
    factors_.finish(sender_, threads);
    sender_.wait();
  }
  /// Bytes held for sending and adding.
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t floats = 0;
    for (const std::vector<float>& sum : sums_) floats += sum.size();
    return floats * sizeof(float) + wire_.bytes() + factors_.bytes();
  }

 private:
  struct Held {
    std::size_t slot;
    std::span<float> gradient;
  };
  struct Piece {
    std::size_t slot, offset;  ///< of a parameter
    std::span<float> gradient;
  };
  using Bucket = std::vector<Piece>;
  struct Part {
    std::vector<std::span<float>> spans;
    std::size_t count = 0;

    void add(std::span<float> span) {
      if (!span.empty()) spans.push_back(span);
      count += span.size();
    }
  };

  /// Rank 0 always has a slice.
  XSTITCH_INLINE void add_held() {
    sender_.wait();
    std::vector<std::uint64_t> rows(held_.size());
    for (std::size_t i = 0; i < held_.size(); ++i) rows[i] = factors_.rows_per_sample(held_[i].slot);
    ranks_->broadcast(0, std::as_writable_bytes(std::span(rows)));
    for (std::size_t i = 0; i < held_.size(); ++i) {
      if (rows[i] > 0) factors_.expect(held_[i].slot, rows[i], held_[i].gradient);
      add(held_[i].slot, held_[i].gradient, rows[i] > 0);
    }
    held_.clear();
  }
  void add(std::size_t slot, std::span<float> gradient, bool as_factors) {
    if (as_factors) return factors_.start(slot, sender_);
    for (std::size_t offset = 0; !gradient.empty();) {
      const std::size_t most =
          std::max<std::size_t>(1, (first_bucket_ ? options_.first_bucket : options_.bucket) / sizeof(float));
      const std::size_t count = std::min(gradient.size(), most - bucket_floats_);
      bucket_.push_back({slot, offset, gradient.first(count)});
      bucket_floats_ += count;
      offset += count;
      gradient = gradient.subspan(count);
      if (bucket_floats_ == most) send();
    }
  }
  /// The bucket as it is. Which buckets there are is the same in every round.
  XSTITCH_INLINE void send() {
    if (bucket_.empty()) return;
    if (next_ == sums_.size()) sums_.emplace_back();
    sender_.add([this, bucket = std::exchange(bucket_, {}), count = std::exchange(bucket_floats_, 0),
                 sum = &sums_[next_], round = round_] { reduce(bucket, count, *sum, round); });
    ++next_;
    first_bucket_ = false;
  }

  XSTITCH_INLINE void reduce(const Bucket& bucket, std::size_t count, std::vector<float>& sum,
                             const ReductionRound& round) {
    if (ranks() == 1 && round.first && round.last && !options_.bf16) return;
    const FlushDenormals flush;  // as where one process adds its slices
    const std::size_t width = wire_.width(), me = rank();
    const std::vector<Part> parts = parts_of(bucket, count);
    const std::size_t own = parts[me].count;
    const bool mine = me < round.at_work;
    sent_.assign(ranks(), 0);
    received_.assign(ranks(), 0);
    for (std::size_t r = 0; r < ranks(); ++r) {
      if (mine) sent_[r] = parts[r].count * width;
      if (r < round.at_work) received_[r] = own * width;
    }
    std::span<std::byte> out = wire_.out(mine ? count : 0), in = wire_.in(own * round.at_work);
    if (mine) {
      std::byte* to = out.data();
      for (const Part& part : parts)
        for (const std::span<float> span : part.spans) {
          wire_.pack(span, to);
          to += span.size() * width;
        }
    }
    ranks_->exchange(out, sent_, in, received_);
    sum.resize(own);
    for (std::size_t r = 0; r < round.at_work; ++r) wire_.add(in.data() + r * own * width, sum, round.first && r == 0);
    if (!round.last) return;
    out = wire_.out(own);
    wire_.pack(sum, out.data());
    if (round.own_share) return unpack(std::span(parts).subspan(me, 1), out.data());
    for (std::size_t r = 0; r < ranks(); ++r) received_[r] = parts[r].count * width;
    in = wire_.in(count);
    ranks_->gather(out, in, received_);
    unpack(parts, in.data());
  }
  void unpack(std::span<const Part> parts, const std::byte* from) const {
    for (const Part& part : parts)
      for (const std::span<float> span : part.spans) {
        wire_.unpack(from, span);
        from += span.size() * wire_.width();
      }
  }
  /// [rank]: what each adds up.
  [[nodiscard]] XSTITCH_INLINE std::vector<Part> parts_of(const Bucket& bucket, std::size_t count) const {
    std::vector<Part> parts(ranks());
    if (share_) {
      for (const Piece& piece : bucket)
        for (std::size_t at = 0; at < piece.gradient.size();) {
          const StateShare::Chunk& chunk = share_->of(piece.slot)[(piece.offset + at) / gradient_chunk];
          const std::size_t end = std::min(piece.gradient.size(), chunk.offset + chunk.count - piece.offset);
          parts[chunk.owner].add(piece.gradient.subspan(at, end - at));
          at = end;
        }
      return parts;
    }
    std::size_t r = 0;
    for (const Piece& piece : bucket)
      for (std::span<float> left = piece.gradient; !left.empty();) {
        const std::size_t room = share_of(count, r) - parts[r].count, take = std::min(room, left.size());
        parts[r].add(left.first(take));
        left = left.subspan(take);
        if (take == room) ++r;
      }
    return parts;
  }
  /// Elements of a bucket that a rank adds: in whole cache lines, the last ranks perhaps less.
  [[nodiscard]] std::size_t share_of(std::size_t count, std::size_t r) const {
    constexpr std::size_t line = 16;
    const std::size_t each = ((count + ranks() - 1) / ranks() + line - 1) / line * line;
    const std::size_t begin = std::min(count, r * each);
    return std::min(count, begin + each) - begin;
  }

  std::shared_ptr<Ranks> ranks_;
  std::shared_ptr<StateShare> share_;
  ReductionOptions options_;
  ReductionRound round_;
  std::vector<std::size_t> samples_;  ///< [rank], of the round
  Wire wire_;
  FactorExchange factors_;
  std::vector<Held> held_;
  Bucket bucket_;
  std::size_t bucket_floats_ = 0, next_ = 0;
  bool first_bucket_ = true;
  std::deque<std::vector<float>> sums_;  ///< [bucket]: this rank's part of the sum of the slices so far
  std::vector<std::size_t> sent_, received_;
  Sender sender_;  ///< last: it ends before what its jobs use
};

}  // namespace xstitch::inline XSTITCH_ISA
