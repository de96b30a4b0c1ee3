#pragma once
/// \file
/// Several ranks (processes on one machine or on many) as one training: every rank has the whole network and works off
/// its slices of each batch (core/share.hpp); gradients are added in the order of the slices.
///
///     xs::Mpi mpi(argc, argv);                                        // mpi/mpi.hpp, xstitch::mpi
///     xs::train(net, data, sgd, {.epochs = 5, .batch = 64, .distributed = {mpi.ranks()}});
///
/// Data order, augmentation, dropout and missing labels are those of one process with the same batch. With the same
/// number of slices (`accumulate`, at least the number of ranks) the bits are the same for every number of ranks; with
/// BatchNorm where its statistics are those of the whole batch (ReductionOptions::batch_statistics) and not each
/// slice's. A checkpoint remembers its slices: a resume on another number of ranks keeps them, and so the bits.

#include <xstitch/core/share.hpp>
#include <xstitch/run/ranks.hpp>
#include <xstitch/run/reduction_options.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace xstitch::inline XSTITCH_ISA {

struct Distributed {
  std::shared_ptr<Ranks> ranks{};  ///< null: this process alone
  ReductionOptions reduction{};    ///< how gradients are added up

  /// Whether this rank speaks and writes for all.
  [[nodiscard]] bool leads() const { return !ranks || ranks->rank() == 0; }
  /// Which slices this rank computes.
  [[nodiscard]] Share share(std::size_t slices) const {
    return ranks ? Share{.rank = ranks->rank(), .ranks = ranks->ranks(), .slices = slices} : Share{.slices = slices};
  }
  /// What differs in bits from one process that accumulates as many slices; empty: nothing.
  [[nodiscard]] std::string describe() const {
    if (!ranks) return {};
    std::string text;
    const auto add = [&](bool has, const char* what) {
      if (has) text += (text.empty() ? "" : ", ") + std::string(what);
    };
    add(reduction.factors && !reduction.batch_statistics, "factors");
    add(reduction.bf16, "gradients sent in bf16");
    add(reduction.batch_statistics, "statistics of the whole batch");
    return text;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
