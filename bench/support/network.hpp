#pragma once
// A network behind a run-time face, so that each network type is compiled in a translation unit of its own and the
// programs know none of them.

#include <xstitch/run/training.hpp>
#include <xstitch/train/sgd.hpp>

#include <memory>
#include <string>

namespace bench {

namespace xs = xstitch;

/// What the command line asks for.
struct Wanted {
  std::string network = "cross_stitch";  ///< cross_stitch, one_task or ensemble
  std::string model = "caffenet";        ///< caffenet, fcn32s, resnet18 or segnet
  std::string precision = "fp32";        ///< fp32 or bf16
  int towers = 2;                        ///< of a cross_stitch network
  int width = 1;                         ///< divides every width
  bool dropout = true;
  std::string unit = "paper";  ///< weave unit of the cross-stitched CaffeNet

  bool operator==(const Wanted&) const = default;
};

class Network {
 public:
  virtual ~Network() = default;
  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  virtual xs::AnyNet& net() = 0;
  /// Made by the first call.
  virtual xs::Training& training(const xs::Sgd& sgd) = 0;
  // Compiled with the network, as a user's program would have them.
  virtual const xs::StepResult& train_step(const xs::Batch& batch, const xs::Sgd& sgd, std::uint64_t step,
                                           xs::ThreadPool& threads) = 0;
  virtual const xs::StepResult& evaluate(const xs::Batch& batch, xs::ThreadPool& threads) = 0;
};

/// Looks at or changes the program before the network gets it (the profile puts clocks around its operations).
class EditProgram {
 public:
  virtual ~EditProgram() = default;
  virtual xs::Program edit(const xs::Program& program) = 0;
};
using MakeNetwork = std::unique_ptr<Network> (*)(xs::Seed, EditProgram*);

/// A translation unit of bench/nets/ announces its network by an object of this type.
struct Registration {
  Registration(Wanted what, MakeNetwork make);
};

/// The network of that description; throws xstitch::Error with a list of all where there is none.
std::unique_ptr<Network> make_network(const Wanted& wanted, EditProgram* edit = nullptr);

}  // namespace bench
