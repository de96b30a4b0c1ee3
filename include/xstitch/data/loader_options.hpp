#pragma once
/// \file
/// How a Loader goes through a data set, and the batches that it gives.

#include <xstitch/core/batch.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/core/share.hpp>
#include <xstitch/data/augment.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What to do about a sample that does not load: throw its Error, or take another one in its place.
enum class OnError : std::uint8_t { stop, skip };

struct LoaderOptions {
  std::size_t batch = 1;             ///< more than the data set has: all of it
  bool drop_last = false;            ///< leave out the last batch of an epoch where it is smaller than the others
  bool shuffle = false;              ///< else in the data set's order, the same for all ensemble members
  Seed seed{};                       ///< of order and augmentation
  Augment augment{};                 ///< what is done to samples
  std::uint64_t first_epoch = 0;     ///< the epoch that next() begins with
  std::size_t first_position = 0;    ///< samples of the first epoch that are already done
  std::uint64_t epochs = 0;          ///< 0: without end
  std::size_t threads = 1;           ///< 0: load on the caller's thread, in next()
  std::size_t queue = 2;             ///< batches ready ahead of the caller, at most
  OnError on_error = OnError::stop;  ///< about samples that do not load
  Share share{};                     ///< of several ranks: which samples of each batch are loaded
  bool cache = false;                ///< keep every sample in memory after its first load (before augmentation)
};

/// A batch, and where in the data it comes from.
struct LoadedBatch {
  Batch batch;                       ///< what this rank has of it (Share), perhaps nothing
  std::size_t samples = 0;           ///< of the whole batch
  std::uint64_t epoch = 0;           ///< from 0
  std::size_t position = 0;          ///< of its first sample within the epoch
  bool last_of_epoch = false;        ///< whether the epoch ends with this batch
  std::vector<std::string> skipped;  ///< why samples were replaced
};

}  // namespace xstitch::inline XSTITCH_ISA
