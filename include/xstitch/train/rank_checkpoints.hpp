#pragma once
/// \file
/// The checkpoints of a training of several ranks: rank 0 has the folder, all know when one is written, and where they
/// share the optimizer's state out each gives its share to rank 0 first. A file says nothing of the ranks. One process
/// is the only rank.

#include <xstitch/run/ranks.hpp>
#include <xstitch/train/checkpoint_folder.hpp>
#include <xstitch/train/shared_state.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {

class RankCheckpoints {
 public:
  /// `ranks` null: this process alone. `every`: steps between two, as rank 0 has it.
  XSTITCH_INLINE RankCheckpoints(Ranks* ranks, std::filesystem::path folder, TextMap metadata, std::uint64_t every)
      : ranks_(ranks), folder_(std::move(folder), std::move(metadata)), every_(every) {}

  /// All ranks learn whether there are checkpoints, and how often.
  void agree() {
    std::array<std::uint64_t, 2> told{folder_.given() ? 1U : 0U, every_};
    if (ranks_ != nullptr) ranks_->broadcast(0, std::as_writable_bytes(std::span(told)));
    given_ = told[0] != 0;
    every_ = told[1];
  }
  /// Whether any are written, and how many steps lie between two; 0: an epoch.
  [[nodiscard]] bool given() const noexcept { return given_; }
  [[nodiscard]] std::uint64_t every() const noexcept { return every_; }
  /// Where there is a last one, on the rank that has the folder.
  [[nodiscard]] std::optional<std::filesystem::path> last() const {
    return folder_.has_last() ? std::optional(folder_.last()) : std::nullopt;
  }

  /// Restores the training from the last one, if there is one: rank 0 reads, `lock` is its folder's.
  std::optional<checkpoint::Found> restore(bool resume, Training& training, const TrainingIdentity& identity,
                                           const checkpoint::Wanted& wanted, AveragedWeights* average,
                                           FolderLock& lock) const {
    std::optional<checkpoint::Found> found;
    const auto read = [&] {
      if (ranks_ != nullptr && ranks_->rank() > 0) return;
      lock = folder_.lock();
      folder_.prepare(resume);
      training.open_optimizer_state();
      found = folder_.read_last(training, identity, wanted, average);
    };
    if (ranks_ == nullptr) {
      read();
    } else {
      ranks_->together(read);
      shared_state::tell(*ranks_, training, average, found);
    }
    training.close_optimizer_state();
    return found;
  }
  /// Every rank calls these, rank 0 writes.
  void write_last(Training& training, const TrainingIdentity& identity, const TrainingState& state,
                  const AveragedWeights* average) const {
    training.collect_optimizer_state();
    if (folder_.given()) folder_.write_last(training, identity, state, average);
    training.close_optimizer_state();
  }
  void write_best(Training& training, const TrainingIdentity& identity, const TrainingState& state,
                  bool averaged) const {
    if (!given_) return;
    if (!averaged) training.collect_optimizer_state();
    folder_.write_best(training, identity, state, averaged);
    training.close_optimizer_state();
  }

 private:
  Ranks* ranks_;
  CheckpointFolder folder_;
  bool given_ = false;
  std::uint64_t every_;
};

}  // namespace xstitch::inline XSTITCH_ISA
