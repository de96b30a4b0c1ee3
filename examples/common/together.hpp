#pragma once
// The trainings of a plan over several processes (mpirun -np N PROGRAM --distributed). The first plans, judges, reports
// and has the folder; for each training it tells the others which one, and gives them the network's initial values. In
// between, while it judges, the others sleep.
#include <xstitch/train/distributed.hpp>
#include <xstitch/train/interrupt.hpp>
#include <xstitch/train/sgd.hpp>

#include <atomic>
#include <memory>

#include "plan.hpp"
#include "runner.hpp"
#include "subject.hpp"

namespace protocol {

/// How a training of the plan is made, the same on every process.
struct Setup {
  xs::Sgd sgd;
  xs::TrainOptions options;
};
Setup setup_of(const Subject& subject, const Training& training, const RunSettings& settings);

class Together {
 public:
  explicit Together(std::shared_ptr<xs::Ranks> ranks);

  [[nodiscard]] bool leads() const { return ranks_->rank() == 0; }
  [[nodiscard]] xs::Distributed distributed() const { return {ranks_}; }

  /// On the first process: the others now make this training, too. Its network is as the training begins.
  void begin(const Training& training, xs::AnyNet& net);
  /// On the first process: there are no more.
  void end();
  /// On the others: all trainings of the first, until it ends.
  void follow(Subject& subject, const RunSettings& settings, const std::atomic<bool>& stop);

 private:
  void tell(std::string& text);
  void share_parameters(xs::AnyNet& net);

  std::shared_ptr<xs::Ranks> ranks_;
};

/// Runs `lead`, on the first process alone.
template <class Lead>
int lead_or_follow(const RunSettings& settings, Subject& subject, const Lead& lead) {
  if (!settings.together) return lead();
  if (settings.together->leads()) {
    const int status = lead();
    settings.together->end();
    return status;
  }
  const xs::Interrupt interrupt;
  settings.together->follow(subject, settings, interrupt.flag());
  return 0;
}

}  // namespace protocol
