#pragma once
// From a network type to the face that the programs know.

#include "support/network.hpp"

#include <optional>

namespace bench {

template <class Net>
class Host final : public Network {
 public:
  Host(const xs::Program& program, xs::Seed seed) : net_(program, seed) {}
  xs::AnyNet& net() override { return net_; }
  xs::Training& training(const xs::Sgd& sgd) override {
    if (!training_) training_.emplace(net_, sgd);
    return *training_;
  }
  const xs::StepResult& train_step(const xs::Batch& batch, const xs::Sgd& sgd, std::uint64_t step,
                                   xs::ThreadPool& threads) override {
    return training(sgd).step(batch, {.step = step}, threads);
  }
  const xs::StepResult& evaluate(const xs::Batch& batch, xs::ThreadPool& threads) override {
    return net_.evaluate(batch, threads);
  }

 private:
  xs::AnyNet net_;
  std::optional<xs::Training> training_;
};

template <class Net>
std::unique_ptr<Network> make(xs::Seed seed, EditProgram* edit) {
  return std::make_unique<Host<Net>>(edit != nullptr ? edit->edit(Net::program_of_type) : Net::program_of_type, seed);
}

}  // namespace bench
