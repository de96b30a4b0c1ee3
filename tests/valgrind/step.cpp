// Training steps of a small pair, its checkpoint written and continued from, and a prediction: for valgrind, which sees
// reads of memory that nothing has written. Run by tests/valgrind/check.
#include "../train/toy.hpp"

#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/run/predictor.hpp>
#include <xstitch/train/adam.hpp>
#include <xstitch/train/trainer.hpp>

#include <cstdio>

using namespace toy;

namespace {

template <xs::FixedString Name, int Classes>
using Tower = xs::Tower<Name, xs::Shape<6, 6, 1>, xs::Conv<"conv1", 5, 3, xs::Pad<1>>, xs::BatchNorm<"norm">, xs::Relu,
                        xs::MaxPool<2, 2>, xs::Seam<"one">, xs::Conv<"conv2", 7, 2>, xs::Relu,
                        xs::Dropout<xs::Ratio{1, 4}>, xs::Linear<"fc", Classes>, xs::SoftmaxCrossEntropy>;
using Net = xs::CrossStitch<Tower<"a", 3>, Tower<"b", 2>>;

}  // namespace

int main() {
  const Folder folder("valgrind");
  const Stripes stripes{7};
  xs::TrainOptions options;
  options.iterations = 3;
  options.batch = 3;
  options.threads = 2;
  options.loader_threads = 1;
  options.output = nullptr;
  options.checkpoint_directory = folder.path;
  options.checkpoint_every = 2;
  options.log_every = 1;
  Net whole{xs::seed(1)};
  xs::train(whole, stripes, xs::Adam{.learning_rate = 0.01F}, options);
  options.iterations = 5;
  options.resume = true;
  Net resumed{xs::seed(1)};
  const xs::TrainResult result = xs::train(resumed, stripes, xs::Adam{.learning_rate = 0.01F}, options);
  // What was computed decides what is printed: valgrind reports a number that rests on nothing written.
  const std::vector<float> all = values(resumed);
  double sum = 0.0;
  for (const float value : all) sum += static_cast<double>(value);
  std::printf("%s after %d values: %.6f\n", sum > 0.0 ? "more" : "less", static_cast<int>(all.size()), sum);
  return result.finished() ? 0 : 1;
}
