#pragma once
/// \file
/// The folder of a training's checkpoints: last.safetensors, which a resume continues from, and best.safetensors, that
/// of the best evaluation (of averaged weights: those alone, as parameters). Without a folder nothing is written and
/// nothing found.

#include <xstitch/io/file.hpp>
#include <xstitch/io/folder_lock.hpp>
#include <xstitch/train/checkpoint.hpp>

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {

class CheckpointFolder {
 public:
  /// An empty folder: no checkpoints. `metadata` goes into each.
  explicit CheckpointFolder(std::filesystem::path folder, TextMap metadata = {})
      : folder_(std::move(folder)), metadata_(std::move(metadata)) {}

  [[nodiscard]] bool given() const noexcept { return !folder_.empty(); }
  [[nodiscard]] std::filesystem::path last() const { return folder_ / "last.safetensors"; }
  [[nodiscard]] std::filesystem::path best() const { return folder_ / "best.safetensors"; }
  [[nodiscard]] bool has_last() const { return given() && file_exists(last()); }

  /// Makes the folder, and keeps every other training out of it while the lock lives.
  [[nodiscard]] FolderLock lock() const {
    if (!given()) return {};
    make_folder(folder_);
    return FolderLock(folder_);
  }

  /// Clears the folder of half-written files. If the training does not resume, what an older one left is removed: it
  /// must not be continued from after a crash of this one.
  void prepare(bool resume) const {
    if (!given()) return;
    remove_partial_files(folder_);
    if (resume) return;
    remove_file(last());
    remove_file(best());
  }

  /// Restores the training from the last checkpoint, if there is one.
  std::optional<checkpoint::Found> read_last(Training& training, const TrainingIdentity& identity,
                                             const checkpoint::Wanted& wanted,
                                             AveragedWeights* average = nullptr) const {
    if (!has_last()) return std::nullopt;
    return checkpoint::read(last(), training, identity, wanted, average);
  }
  void write_last(const Training& training, const TrainingIdentity& identity, const TrainingState& state,
                  const AveragedWeights* average = nullptr) const {
    checkpoint::write(last(), training, identity, state, metadata_, average);
  }
  /// `averaged`: the network has averaged weights now, from which no training continues.
  void write_best(const Training& training, const TrainingIdentity& identity, const TrainingState& state,
                  bool averaged = false) const {
    if (!given()) return;
    if (averaged)
      save(training.net(), best(), metadata_);
    else
      checkpoint::write(best(), training, identity, state, metadata_);
  }

 private:
  std::filesystem::path folder_;
  TextMap metadata_;
};

}  // namespace xstitch::inline XSTITCH_ISA
