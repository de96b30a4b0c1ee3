// needs: gzip
// Two garments on one canvas, a task for each: a one-task network a garment against the cross-stitched pair, on real
// images. Under 90 seconds on two cores.
#include <xstitch/data/multi_fashion.hpp>
#include <xstitch/xstitch.hpp>

#include <CLI/CLI.hpp>

#include <iostream>

namespace xs = xstitch;

// A network is a type: layers under a name, towers, and the seams at which towers are stitched. PyTorchInitializer: the
// initial values that PyTorch gives its layers, so that the two can be compared.
using Init = xs::PyTorchInitializer;
// clang-format off
using Trunk = xs::Layers<
    xs::Conv<"conv1", 10, 5, Init>, xs::Relu, xs::MaxPool<2>, xs::Seam<"pool1">,
    xs::Conv<"conv2", 20, 5, Init>, xs::Relu, xs::MaxPool<2>, xs::Seam<"pool2">,
    xs::Linear<"fc3", 50, Init>,    xs::Relu,                 xs::Seam<"fc3">>;
// clang-format on

using Input = xs::Shape<36, 36, 1>;  // height, width, channels: two garments overlaid
using Upper = xs::Tower<"upper", Input, Trunk, xs::Linear<"fc4", 10, Init>, xs::SoftmaxCrossEntropy>;
using Lower = xs::Tower<"lower", Input, Trunk, xs::Linear<"fc4", 10, Init>, xs::SoftmaxCrossEntropy>;
using Net = xs::CrossStitch<Upper, Lower>;

static_assert(Net::parameter_count == 84'000);  // 2 x 41'840 weights + 320 alphas
static_assert(Net::seams == xs::names("pool1", "pool2", "fc3"));

int main(int argc, char** argv) {
  std::string folder = "/usr/share/datasets/fashion-mnist";
  std::uint64_t seed = 1, epochs = 2;
  std::size_t threads = 0, batch = 64;
  float learning_rate = 0.05F, alpha_multiplier = 1.0F;
  bool quiet = false;
  CLI::App app{"Trains a one-task network for each of two overlaid garments, and the cross-stitched pair."};
  app.add_option("--data", folder, "folder of Fashion-MNIST's four files (Debian: dataset-fashion-mnist)")
      ->capture_default_str();
  app.add_option("--epochs", epochs, "passes over the 60,000 training images")->capture_default_str();
  app.add_option("--learning-rate", learning_rate, "learning rate")->capture_default_str();
  app.add_option("--alpha-multiplier", alpha_multiplier, "the alphas' rate is this times the rate")
      ->capture_default_str();
  app.add_option("--batch", batch, "samples a step")->capture_default_str();
  app.add_option("--seed", seed, "of initial values and data order")->capture_default_str();
  app.add_option("--threads", threads, "0: as many as the process may use processors")->capture_default_str();
  app.add_flag("--quiet", quiet, "no progress");
  CLI11_PARSE(app, argc, argv);
  try {
    const auto [train, test] = xs::data::multi_fashion(folder);
    const xs::Sgd sgd{
        .learning_rate = learning_rate, .momentum = 0.9F, .alpha_multiplier = alpha_multiplier, .bias_multiplier = 1};
    xs::TrainOptions options{.epochs = epochs, .batch = batch, .schedule = xs::Schedule::cosine(), .threads = threads};
    if (quiet) options.output = nullptr;

    xs::OneTask<Upper> upper{xs::seed(seed)};
    xs::OneTask<Lower> lower{xs::seed(seed)};
    Net net{xs::seed(seed)};
    xs::train(upper, train, sgd, options);
    xs::train(lower, train, sgd, options);
    xs::train(net, train, sgd, options);

    std::cout << "one-task networks\n"
              << xs::evaluate(upper, test) << xs::evaluate(lower, test) << "\ncross-stitched pair\n"
              << xs::evaluate(net, test);
    xs::save(net, "quickstart.safetensors");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "quickstart: " << error.what() << '\n';
    return 1;
  }
}
