// Predicts with a pair of small convolutional networks, from a file: its object must hold nothing of training
// (tests/guards/check).
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/run/predictor.hpp>

namespace xs = xstitch;

using Trunk = xs::Layers<xs::Conv<"conv1", 8, 3, xs::Pad<1>>, xs::Relu, xs::MaxPool<2>, xs::Seam<"pool1">,
                         xs::Conv<"conv2", 16, 3, xs::Pad<1>>, xs::BatchNorm<"norm2">, xs::Relu, xs::MaxPool<2>,
                         xs::Seam<"pool2">, xs::Linear<"fc3", 32>, xs::Relu, xs::Dropout<>>;
struct Upper : xs::Tower<"upper", xs::Shape<16, 16, 3>, Trunk, xs::Linear<"fc4", 10>, xs::SoftmaxCrossEntropy> {};
struct Lower : xs::Tower<"lower", xs::Shape<16, 16, 3>, Trunk, xs::Linear<"fc4", 4>, xs::SoftmaxCrossEntropy> {};
using Net = xs::CrossStitch<Upper, Lower>;

float first_probability(const char* file, const std::vector<float>& image) {
  xs::Predictor<Net> predictor{std::filesystem::path(file)};
  const auto answer = predictor.predict(image);
  return answer.get<"upper">()(0, 0) + answer.logits("lower")(0, 0);
}

#ifdef TRAIN  // to see that the names of what trains are found where it is
#include <xstitch/run/training.hpp>
#include <xstitch/train/sgd.hpp>
bool trained(const xs::Batch& batch) {
  Net net;
  xs::ThreadPool threads(1);
  return xs::Training(net, xs::Sgd{.learning_rate = 0.1F}).step(batch, threads).finite;
}
#endif
