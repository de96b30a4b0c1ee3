// The memory plan against a plain model: no two tensors that live at the same time overlap.
#include <doctest/doctest.h>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/split.hpp>

#include <vector>

#include "tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

struct Living {
  std::size_t offset, size;
  int first, last, group;
};

/// Worked out from the meaning of the operations, not from the planner: who is written when, and read when. Tensors
/// at one offset that hand over in place (an in-place layer's input and output) are one group.
template <class Net>
void no_overlap() {
  const xs::Program& program = Net::program_of_type;
  const int n = static_cast<int>(program.ops.size());
  std::vector<Living> living;
  const auto at = [](int i) { return static_cast<std::size_t>(i); };
  for (int t = 0; t < static_cast<int>(program.tensors.size()); ++t) {
    const xs::Tensor& tensor = program.tensors[at(t)];
    const std::size_t size = tensor.shape.bytes();
    int value_last = tensor.producer, gradient_first = 2 * n, gradient_last = 2 * n - 1 - tensor.producer;
    if (tensor.producer != xs::none && program.ops[at(tensor.producer)].record->reads_output)
      value_last = 2 * n - 1 - tensor.producer;
    for (int i = 0; i < n; ++i) {
      const xs::Op& op = program.ops[at(i)];
      for (const int input : program.inputs_of(op)) {
        if (input != t) continue;
        value_last = std::max(value_last, i);
        if (op.record->reads_input) value_last = std::max(value_last, 2 * n - 1 - i);
        gradient_first = std::min(gradient_first, 2 * n - 1 - i);
      }
    }
    // Where in-place layers share memory the group is the common offset; the plan's own test of that is below.
    if (tensor.producer != xs::none)
      living.push_back({program.training_plan.value[at(t)], size, tensor.producer, value_last, t});
    if (program.training_plan.gradient[at(t)] != xs::nowhere)
      living.push_back({program.training_plan.gradient[at(t)], size, gradient_first, gradient_last, 1000 + t});
  }
  // What a loss keeps lies alone from its forward pass on, but for the gradient that takes its place.
  for (int i = 0; i < n; ++i) {
    if (!program.ops[at(i)].record->keeps_in_gradient) continue;
    const auto edge = at(program.ops[at(i)].first_input);
    const int t = program.edges[edge];
    const std::size_t kept = program.training_plan.kept[at(i)];
    const std::size_t made = program.training_plan.temporary[edge] != xs::nowhere
                                 ? program.training_plan.temporary[edge]
                                 : program.training_plan.gradient[at(t)];
    CHECK(kept == made);
    const int group = kept == program.training_plan.gradient[at(t)] ? 1000 + t : 2000 + i;
    living.push_back({kept, program.tensors[at(t)].shape.bytes(), i, 2 * n - 1 - i, group});
  }
  int compared = 0;
  for (const Living& a : living)
    for (const Living& b : living) {
      if (a.group >= b.group) continue;
      const bool together = a.first <= b.last && b.first <= a.last;
      const bool overlap = a.offset < b.offset + b.size && b.offset < a.offset + a.size;
      if (!together || !overlap) continue;
      ++compared;
      // Only a hand-over in place may share: the same offset, and one begins in the operation in which the other ends
      // or is rewritten there.
      CHECK(a.offset == b.offset);
      const int x = a.group % 1000, y = b.group % 1000;
      const xs::Op& maker = program.ops[at(program.tensors[at(std::max(x, y))].producer)];
      CHECK(a.group / 1000 == b.group / 1000);
      const bool in_place = maker.record->in_place || maker.record->gradient_in_place || maker.done_by_previous;
      CHECK(in_place);
    }
  for (const Living& a : living) CHECK(a.offset + a.size <= program.training_plan.bytes_per_sample);
  CHECK(compared > 0);
  CHECK(living.size() > 10);
}

using Trunk =
    xs::Layers<Dense<"a", 40>, xs::Relu, xs::Seam<"s1">, Dense<"b", 30>, xs::Tanh, xs::Dropout<>, xs::Seam<"s2">>;
using A = xs::Tower<"a", xs::Shape<6>, Trunk, xs::Residual<Dense<"r", 30>, xs::Relu>, Dense<"c", 3>, tiny::SmallOutput>;
using B =
    xs::Tower<"b", xs::Shape<6>, Trunk, xs::Concat<Dense<"x", 4>, xs::Layers<Dense<"y", 50>, xs::Tanh>>,
              xs::Head<"one", Dense<"c", 3>, tiny::SmallOutput>, xs::Head<"two", Dense<"d", 2>, tiny::SmallOutput>>;

using C = xs::Tower<"c", xs::Shape<6>, Trunk, xs::Relu, Dense<"c", 30>, xs::Head<"one", xs::SoftmaxCrossEntropy>,
                    xs::Head<"two", Dense<"d", 20>, xs::Relu, xs::SoftmaxCrossEntropy>,
                    xs::Head<"three", xs::SoftmaxCrossEntropy>>;

}  // namespace

TEST_CASE_TEMPLATE("tensors that live together do not overlap", Net, xs::CrossStitch<A, B>, xs::Split<"b", A, B>,
                   xs::CrossStitch<A, C>) {
  no_overlap<Net>();
}

TEST_CASE("memory is used again") {
  // A chain of equal layers: values stay for backward, but gradients live two at a time.
  using Chain = xs::Tower<"chain", xs::Shape<64>, Dense<"l1", 64>, Dense<"l2", 64>, Dense<"l3", 64>, Dense<"l4", 64>,
                          Dense<"l5", 64>, Dense<"l6", 64>, tiny::SmallOutput>;
  using Two = xs::CrossStitch<
      xs::At<"s">, xs::Tower<"u", xs::Shape<64>, Dense<"l1", 64>, xs::Seam<"s">, Dense<"l2", 64>, tiny::SmallOutput>,
      xs::Tower<"v", xs::Shape<64>, Dense<"l1", 64>, xs::Seam<"s">, Dense<"l2", 64>, tiny::SmallOutput>>;
  const std::size_t tensor = 64 * sizeof(float);
  using Net = xs::OneTask<Chain>;
  CHECK(Net::program_of_type.training_plan.bytes_per_sample <= 8 * tensor);
  CHECK(Net::program_of_type.inference_plan.bytes_per_sample == 2 * tensor);
  CHECK(Two::program_of_type.inference_plan.bytes_per_sample <= 4 * tensor);
}
