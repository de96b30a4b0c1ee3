// ResNet-18 and -34: torchvision's numbers, names and parameters; a file as torchvision writes it; a stitched pair.
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/resnet.hpp>
#include <xstitch/run/parameter_file.hpp>

#include "golden.hpp"

#include "../data/temporary_folder.hpp"
#include "../golden/resnet18.inc"
#include "../golden/resnet34.inc"

namespace xs = xstitch;
using xs::models::ResNet18, xs::models::ResNet34;
using Loss = xs::SoftmaxCrossEntropy;
using Small = xs::Shape<64, 64, 3>;

static_assert(xs::OneTask<ResNet18<"a", 1000, Loss>>::parameter_count == 11'689'512);
static_assert(xs::OneTask<ResNet34<"a", 1000, Loss>>::parameter_count == 21'797'672);

namespace {

template <int Divisor = 1, class Image = Small>
using Net18 = xs::OneTask<ResNet18<"birds", 5, Loss, Image, Divisor>>;

}  // namespace

TEST_CASE("ResNet-18 gives torchvision's numbers") { golden::compare<Net18<>>(GOLDEN(resnet18), 2); }

TEST_CASE("ResNet-34 gives torchvision's numbers") {
  golden::compare<xs::OneTask<ResNet34<"birds", 5, Loss, Small>>>(GOLDEN(resnet34), 2);
}

TEST_CASE("torchvision's file is loaded: its names, its order of axes, its counters") {
  const xstitch_test::TemporaryFolder folder;
  // An eighth of the widths: the names are torchvision's, the shapes those of a narrower model.
  using Narrow = Net18<8>;
  Narrow filled{xs::seed(1)}, loaded{xs::seed(2)}, taken{xs::seed(3)};
  std::vector<golden::Tensor> narrow(std::begin(resnet18::tensors), std::end(resnet18::tensors));
  for (golden::Tensor& tensor : narrow) {
    const std::vector<std::uint64_t> extents =
        xs::weight_order::pytorch_shape(filled.parameters()[golden::find(filled, tensor.name)].spec);
    for (std::size_t axis = 0; axis < extents.size(); ++axis) tensor.shape[axis] = static_cast<int>(extents[axis]);
  }
  golden::write_state_dict(folder.file("resnet18.safetensors"), narrow);

  golden::fill(filled, narrow);
  xs::load(loaded, folder.file("resnet18.safetensors"), {{"", "birds."}});
  CHECK(support::same_bits(support::all_parameters(filled), support::all_parameters(loaded)));
  CHECK(xs::initialise_from(taken, folder.file("resnet18.safetensors"), {{"", "birds."}}).untouched.empty());
  CHECK(support::same_bits(support::all_parameters(filled), support::all_parameters(taken)));

  // Without the mapping, and with a tensor too many, everything is told.
  const auto error = [&](auto&&... mapping) {
    return xstitch_test::error_of<xs::Error>(
        [&] { xs::load(loaded, folder.file("resnet18.safetensors"), mapping...); });
  };
  CHECK(error().find("missing: \"birds.layer1.0.bn1.running_variance\" [8]") != std::string::npos);
  CHECK(error().find("unexpected: \"layer1.0.bn1.running_var\" [8]") != std::string::npos);
  CHECK(error().find("num_batches_tracked") == std::string::npos);
  narrow[0].name = "conv2.weight";
  golden::write_state_dict(folder.file("resnet18.safetensors"), narrow);
  const std::string text = error(std::vector<xs::PrefixMapping>{{"", "birds."}});
  CHECK(text.find("missing: \"conv1.weight\" [7, 7, 3, 8]") != std::string::npos);
  CHECK(text.find("unexpected: \"conv2.weight\" [8, 3, 7, 7]") != std::string::npos);
  CHECK(support::same_bits(support::all_parameters(filled), support::all_parameters(loaded)));
}

TEST_CASE("two towers start from one file, but for the scores") {
  using Narrow = xs::Shape<32, 32, 3>;
  using Pair = xs::CrossStitch<ResNet18<"birds", 5, Loss, Narrow, 16>, ResNet18<"flowers", 3, Loss, Narrow, 16>>;
  static_assert(Pair::seams == xs::names("layer1", "layer2", "layer3", "layer4"));
  golden::train_pair<Pair>();

  const xstitch_test::TemporaryFolder folder;
  const Net18<16, Narrow> source{xs::seed(4)};
  std::vector<xs::TensorView> file;
  for (std::size_t i = 0; i < source.parameters().size(); ++i) {
    const xs::ParameterSlot& slot = source.parameters()[i];
    file.push_back(xs::TensorView::floats(golden::name_of(slot), xs::weight_order::shape_of(slot.spec.extents),
                                          source.parameter(i)));
  }
  xs::safetensors::write(folder.file("a"), file, {{"format", "xstitch"}});
  Pair pair{xs::seed(5)};
  std::vector<xs::PrefixMapping> trunk;
  for (const std::string tower : {"birds.", "flowers."})
    for (const std::string part : {"conv1.", "bn1.", "layer"}) trunk.push_back({part, tower + part});
  const xs::Initialised done = xs::initialise_from(pair, folder.file("a"), trunk);
  CHECK(done.parameters == 2 * (source.parameters().size() - 2));
  CHECK(done.untouched.size() == 2 * 2 + 4);
  for (const char* name : {"birds.layer4.1.bn2.running_variance", "flowers.layer1.0.conv1.weight"}) {
    const auto to = pair.parameter(pair.find_parameter(name));
    const auto from =
        source.parameter(source.find_parameter("birds" + std::string(name).substr(std::string(name).find('.'))));
    CHECK(std::equal(from.begin(), from.end(), to.begin(), to.end()));
  }
}
