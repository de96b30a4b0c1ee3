#pragma once
// From a network type to the face that the programs know.

#include "support/network.hpp"

namespace bench {

template <class Net>
class Host final : public Network {
 public:
  Host(const xs::NetworkTables& tables, xs::Seed seed) : engine_(tables, seed) {}
  xs::AnyNet& engine() override { return engine_; }
  const xs::StepResult& train_step(const xs::Batch& batch, const xs::Sgd& sgd, std::uint64_t step,
                                   xs::ThreadPool& threads) override {
    return engine_.train_step(batch, sgd, {.step = step}, threads);
  }
  const xs::StepResult& evaluate(const xs::Batch& batch, xs::ThreadPool& threads) override {
    return engine_.evaluate(batch, threads);
  }

 private:
  xs::AnyNet engine_;
};

template <class Net>
std::unique_ptr<Network> make(xs::Seed seed, EditTables edit) {
  return std::make_unique<Host<Net>>(edit == nullptr ? Net::tables_of_type : edit(Net::tables_of_type), seed);
}

}  // namespace bench
