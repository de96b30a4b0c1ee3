#include <doctest/doctest.h>

#include <iostream>
#include <limits>

#include "../captured.hpp"
#include "../in_folder.hpp"
#include "../made_data.hpp"

namespace {

using Small = xs::OneTask<xs::Tower<"a", xs::Shape<6>, xs::Linear<"fc", 3>, xs::SoftmaxCrossEntropy>>;

/// One sample has a NaN.
struct Broken : pages::MadeData {
  using MadeData::MadeData;
  void load(std::size_t index, xs::Sample& sample) const {
    MadeData::load(index, sample);
    if (index == 3) sample.inputs[0][2] = std::numeric_limits<float>::quiet_NaN();
  }
};

}  // namespace

TEST_CASE("an error says what it is about, a training where a NaN began; what goes well is silent about both") {
  const pages::InFolder folder;
  Small net{xs::seed(1)};
  const pages::MadeData data(net);
  {
    const pages::Captured messages(std::cerr);
    CHECK(careful(net, data) == 1);
    CHECK(messages.has("net.safetensors"));
  }
  xs::save(net, "net.safetensors");
  {
    const pages::Captured messages(std::cerr);
    CHECK(careful(net, data) == 0);
    CHECK_FALSE(messages.has("not finite"));
  }
  {
    const pages::Captured messages(std::cerr);
    CHECK(careful(net, Broken(net)) == 1);
    CHECK(messages.has("not finite"));
    CHECK(messages.has("input"));
  }
}
