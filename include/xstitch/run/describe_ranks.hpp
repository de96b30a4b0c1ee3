#pragma once
/// \file
/// describe<Net>(sgd, {.ranks = 4, .batch = 64, .share_state = true}): the table of describe<Net>(), and below it what
/// one of several ranks holds in training, from the type alone,
///
///     a rank of 4, batch 64 in 4 slices of 16: parameters 9.5 MiB, gradients 9.5 MiB, optimizer's state 2.4 MiB of
///     9.5 MiB, activations and their gradients 30.1 MiB
///
/// without scratch and what is held to send in.

#include <xstitch/core/optimizer.hpp>
#include <xstitch/run/describe.hpp>
#include <xstitch/run/gradients.hpp>
#include <xstitch/run/state_share.hpp>

#include <algorithm>
#include <cstddef>
#include <string>

namespace xstitch::inline XSTITCH_ISA {

/// A training whose memory is asked for: as TrainOptions and ReductionOptions say it.
struct RankMemory {
  std::size_t ranks = 1;          ///< how many
  std::size_t batch = 32;         ///< of all ranks together
  std::size_t accumulate = 1;     ///< slices, at least the number of ranks
  bool share_state = false;       ///< ReductionOptions::share_state
  bool batch_statistics = false;  ///< ReductionOptions::batch_statistics: a rank holds all its slices at once
};

/// Bytes that a rank holds, at most.
struct RankBytes {
  std::size_t parameters = 0, gradients = 0;  ///< of the whole network
  std::size_t state = 0, state_of_all = 0;    ///< of the optimizer: this rank's, and without sharing it out
  std::size_t activations = 0;                ///< with their gradients, of the slices that are held at once
  std::size_t slices = 0, samples = 0;        ///< of the batch; of the largest slice
};

/// `states`: arrays that the optimizer keeps for each parameter.
XSTITCH_INLINE RankBytes rank_bytes(const Program& program, std::size_t states, const RankMemory& of) {
  if (of.ranks == 0 || of.batch < of.ranks || of.accumulate == 0 || of.accumulate > of.batch)
    fail("describe: found ", of.ranks, " ranks and accumulate = ", of.accumulate, " with batch = ", of.batch,
         ", expected at least 1 of both and at most the batch");
  const Layout layout(program);
  RankBytes bytes;
  bytes.slices = std::max(of.accumulate, of.ranks);
  bytes.samples = (of.batch + bytes.slices - 1) / bytes.slices;
  bytes.parameters = layout.floats() * sizeof(float);
  const std::size_t block = GradientBlock(layout).all().size() * sizeof(float);
  const std::size_t at_once = of.batch_statistics ? (bytes.slices + of.ranks - 1) / of.ranks : 1;
  if (bytes.slices > 1) bytes.gradients = block * at_once;  // else applied as they are made
  bytes.state_of_all = states * layout.floats() * sizeof(float);
  bytes.state = of.share_state && of.ranks > 1
                    ? states * sizeof(float) * std::ranges::max(StateShare::floats_of(layout, of.ranks))
                    : bytes.state_of_all;
  bytes.activations = at_once * bytes.samples * program.training_plan.bytes_per_sample;
  return bytes;
}

/// What a rank holds, in words.
XSTITCH_INLINE std::string describe_rank(const Program& program, std::size_t states, const RankMemory& of) {
  const RankBytes bytes = rank_bytes(program, states, of);
  return "a rank of " + std::to_string(of.ranks) + ", batch " + std::to_string(of.batch) + " in " +
         std::to_string(bytes.slices) + (bytes.slices == 1 ? " slice of " : " slices of ") +
         std::to_string(bytes.samples) + ": parameters " + mebibytes_text(bytes.parameters) + ", gradients " +
         mebibytes_text(bytes.gradients) + ", optimizer's state " + mebibytes_text(bytes.state) +
         (bytes.state < bytes.state_of_all ? " of " + mebibytes_text(bytes.state_of_all) : "") +
         ", activations and their gradients " + mebibytes_text(bytes.activations) + "\n";
}

/// The table of a network, and what a rank holds that trains it.
template <class Net, Optimizer O>
std::string describe(const O&, const RankMemory& of) {
  return describe(Net::program_of_type) + describe_rank(Net::program_of_type, O::state_count, of);
}

}  // namespace xstitch::inline XSTITCH_ISA
