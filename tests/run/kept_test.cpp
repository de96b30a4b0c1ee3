// What a loss keeps in the place of its input's gradient (keeps_in_gradient): right where it is alone on its tensor,
// where others read it too, from chosen heads, and where backward runs again.
#include <xstitch/layers/tanh.hpp>
#include <xstitch/losses/losses.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/check_network.hpp>

#include <doctest/doctest.h>

#include "../weave/support.hpp"
#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

using Trunk = xs::Layers<Dense<"l", 6>, xs::Tanh, xs::Seam<"s">>;
using A = xs::Tower<"a", xs::Shape<5>, Trunk, Dense<"out", 4>, xs::SoftmaxCrossEntropy>;
/// The logits of two losses, of a third head's layers, and of nobody else.
using B = xs::Tower<"b", xs::Shape<5>, Trunk, Dense<"out", 4>, xs::Head<"one", xs::SoftmaxCrossEntropy>,
                    xs::Head<"two", xs::Tanh, Dense<"x", 3>, xs::SoftmaxCrossEntropy>,
                    xs::Head<"three", xs::SoftmaxCrossEntropy>>;
using Pair = xs::CrossStitch<A, B>;
using Shared = xs::OneTask<B>;

std::vector<float> gradients(const xs::Training& training) {
  std::vector<float> all;
  for (std::size_t i = 0; i < training.net().parameters().size(); ++i) {
    if (training.net().parameters()[i].spec.group == xs::ParameterGroup::buffer) continue;
    all.insert(all.end(), training.gradient(i).begin(), training.gradient(i).end());
  }
  return all;
}

}  // namespace

TEST_CASE_TEMPLATE("gradients of losses that keep are right, alone on a tensor and beside others", Net, Pair, Shared) {
  Net net{xs::seed(3)};
  xs::ThreadPool threads(2);
  const auto report = xs::check_network_gradients(net, support::random_batch(net, 4, 2), threads);
  CHECK_MESSAGE(report.ok, report.text);
}

TEST_CASE_TEMPLATE("from chosen heads, and again from what was kept", Net, Pair, Shared) {
  Net net{xs::seed(1)};
  xs::ThreadPool threads(2);
  const xs::Batch batch = support::random_batch(net, 5, 7);
  xs::Training training(net), kept(net);
  std::vector<std::vector<float>> found;
  kept.forward_keeping(batch, 0, threads);
  for (int again = 0; again < 2; ++again)
    for (std::size_t h = 0; h <= net.heads().size(); ++h) {  // each head, then all
      kept.backward_from(h < net.heads().size() ? std::vector{h} : std::vector<std::size_t>{}, threads);
      found.push_back(gradients(kept));
    }
  const std::size_t rounds = net.heads().size() + 1;
  for (std::size_t k = 0; k < found.size(); ++k) {
    const std::vector<std::size_t> head{k % rounds};
    if (head[0] + 1 < rounds)
      training.compute_gradients(batch, {.heads = head}, threads);
    else
      training.compute_gradients(batch, 0, threads);
    CHECK(support::same_bits(found[k], gradients(training)));
  }
}

TEST_CASE("the logits of a segmentation net have no second copy between forward and backward") {
  using Map = xs::Tower<"m", xs::Shape<24, 32, 40>, xs::Tanh, xs::SoftmaxCrossEntropy>;
  using Mean = xs::Tower<"m", xs::Shape<24, 32, 40>, xs::Tanh, xs::L2>;
  const std::size_t map = 24 * 32 * 40 * sizeof(float);
  CHECK(xs::OneTask<Map>::program_of_type.training_plan.bytes_per_sample <= 2 * map);
  CHECK(xs::OneTask<Mean>::program_of_type.training_plan.bytes_per_sample <= 2 * map);
  CHECK(xs::OneTask<Map>::program_of_type.ops.back().record->saved.per_sample == map / 40);
}
