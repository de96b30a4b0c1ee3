// ONNX files of every model of models/, and of the paper's pair; tests/onnx/check runs them in ONNX Runtime.
#include <xstitch/losses/losses.hpp>
#include <xstitch/models/caffenet.hpp>
#include <xstitch/models/deeplab.hpp>
#include <xstitch/models/fcn32s.hpp>
#include <xstitch/models/lenet.hpp>
#include <xstitch/models/mobilenet_v2.hpp>
#include <xstitch/models/resnet.hpp>
#include <xstitch/models/segnet.hpp>
#include <xstitch/models/vgg.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>

#include "cases.hpp"

namespace xs = xstitch;
namespace models = xs::models;

namespace {

using Loss = xs::SoftmaxCrossEntropy;
using Small = xs::Shape<64, 64, 3>;
const xs::OnnxOptions with_logits{.logits = true};  // probabilities of 0 and 1 would say little
using Fcn = models::Fcn32s<"map", 5, Loss, 70, 60, 8>;

}  // namespace

TEST_CASE("ResNet") {
  cases::write<xs::OneTask<models::ResNet18<"a", 7, Loss, Small, 4>>>("resnet18", with_logits);
  cases::write<xs::OneTask<models::ResNet34<"a", 7, Loss, Small, 8>>>("resnet34", with_logits);
  cases::write<xs::OneTask<models::ResNet50<"a", 7, Loss, Small, 8>>>("resnet50", with_logits);
}

TEST_CASE("VGG") {
  cases::write<xs::OneTask<models::Vgg16<"a", 7, Loss, Small, 8>>>("vgg16", with_logits);
  cases::write<xs::OneTask<models::Vgg16Bn<"a", 7, Loss, Small, 8>>>("vgg16_bn", with_logits);
}

TEST_CASE("MobileNetV2") {
  cases::write<xs::OneTask<models::MobileNetV2<"a", 7, Loss, Small, 4>>>("mobilenet_v2", with_logits);
}

TEST_CASE("maps") {
  cases::write<xs::OneTask<models::SegNet<"map", 5, Loss, 72, 32, 8>>>("segnet", with_logits);  // 72 / 16 is odd
  cases::write<xs::OneTask<models::DeepLab50<"map", 5, Loss, 64, 48, 8>>>("deeplab", with_logits);
  cases::write<xs::OneTask<Fcn>>("fcn32s", with_logits);
}

TEST_CASE("small and old") {
  cases::write<
      xs::OneTask<xs::Tower<"digits", xs::Shape<28, 28, 1>, models::LeNetTrunk<>, xs::Linear<"score", 10>, Loss>>>(
      "lenet", with_logits);
  cases::write<
      xs::CrossStitch<models::CaffeNet<"upper", 9, Loss, 8>, models::CaffeNet<"lower", 4, xs::SigmoidCrossEntropy, 8>>>(
      "caffenet_pair", with_logits);
}
