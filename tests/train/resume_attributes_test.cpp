// A checkpoint is refused by a network that differs in an attribute alone: same names, same shapes, other numbers.
#include "toy.hpp"

#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/leaky_relu.hpp>
#include <xstitch/layers/lrn.hpp>
#include <xstitch/losses/weighted.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace toy;

namespace {

/// Stripes with a real label: 1 where the bright column is in the left half.
struct Numbers : Stripes {
  [[nodiscard]] std::vector<xs::LabelField> labels() const { return {{"t", {xs::LabelKind::real, {1, 1, 1}, {}, 0}}}; }
  void load(std::size_t index, xs::Sample& sample) const {
    sample.labels.resize(2);
    Stripes::load(index, sample);
    sample.labels.resize(1);
    sample.labels[0].values = {sample.labels[0].indices[0] == 0 ? 1.0F : 0.0F};
    sample.labels[0].indices.clear();
  }
};

template <class Layer, class Loss = xs::L2, class... Options>
using Net =
    xs::OneTask<xs::Tower<"t", xs::Shape<6, 6, 1>, xs::Conv<"c", 4, 3, Options...>, Layer, xs::Conv<"fc", 1, 4>, Loss>>;

const xs::Sgd sgd{.learning_rate = 0.01F, .momentum = 0.9F};

xs::TrainOptions options(const Folder& folder, std::uint64_t iterations) {
  xs::TrainOptions o;
  o.iterations = iterations;
  o.batch = 5;
  o.threads = 1;
  o.output = nullptr;
  o.checkpoint_directory = folder.path;
  o.resume = true;
  return o;
}

/// What `Second` says to a checkpoint of `First`, which continues where it stopped.
template <class First, class Second>
std::string refusal(bool freeze = false) {
  const Numbers data;
  const Folder folder("attributes");
  {
    First first{xs::seed(1)};
    xs::train(first, data, sgd, options(folder, 2));
  }
  {
    First same{xs::seed(1)};
    CHECK(xs::train(same, data, sgd, options(folder, 2)).iterations == 2);
  }
  Second second{xs::seed(1)};
  if (freeze) second.set_trained("t.c.", false);
  const std::vector<float> before = values(second);
  const std::string file = xs::read_file(folder.path / "last.safetensors");
  const std::string error = error_of([&] { xs::train(second, data, sgd, options(folder, 4)); });
  CHECK(same_bits(values(second), before));  // and nothing is lost
  CHECK(xs::read_file(folder.path / "last.safetensors") == file);
  return error;
}

/// A refusal of another training that shows both settings.
void shows(const std::string& error, const char* then, const char* now) {
  CAPTURE(error);
  CHECK(error.find("the checkpoint belongs to another training") != std::string::npos);
  CHECK(error.find(then) != std::string::npos);
  CHECK(error.find(now) != std::string::npos);
}

using xs::Ratio;

}  // namespace

TEST_CASE("another attribute of a layer") {
  shows(refusal<Net<xs::Dropout<Ratio{1, 2}>>, Net<xs::Dropout<Ratio{1, 4}>>>(), "1/2", "1/4");
  shows(refusal<Net<xs::LeakyRelu<Ratio{1, 100}>>, Net<xs::LeakyRelu<Ratio{1, 10}>>>(), "1/100", "1/10");
  shows(refusal<Net<xs::Lrn<5, Ratio{1, 10000}>>, Net<xs::Lrn<5, Ratio{1, 5000}>>>(), "1/10000", "1/5000");
  shows(refusal<Net<xs::BatchNorm<"n", xs::Momentum<Ratio{1, 10}>>>,
                Net<xs::BatchNorm<"n", xs::Momentum<Ratio{1, 5}>>>>(),
        "1/10", "1/5");
}

TEST_CASE("another factor, or another loss inside Weighted") {
  using TwiceL2 = xs::Weighted<xs::L2, Ratio{2, 1}>;
  shows(refusal<Net<xs::Relu, TwiceL2>, Net<xs::Relu, xs::Weighted<xs::L2, Ratio{3, 1}>>>(), "2/1", "3/1");
  shows(refusal<Net<xs::Relu, TwiceL2>, Net<xs::Relu, xs::Weighted<xs::L1, Ratio{2, 1}>>>(), "L2", "L1");
  shows(refusal<Net<xs::Relu, TwiceL2>, Net<xs::Relu>>(), "2/1", "L2");
}

TEST_CASE("other parameters that are not trained: Frozen in the type, or at run time") {
  using Free = Net<xs::Relu>;
  using Held = Net<xs::Relu, xs::L2, xs::Frozen>;
  shows(refusal<Free, Held>(), "frozen", "t.c.weight");
  shows(refusal<Held, Free>(), "frozen", "t.c.weight");
  shows(refusal<Free, Free>(true), "frozen", "t.c.weight");
}

TEST_CASE("one setting, written in two ways, continues") {
  const Numbers data;
  const Folder folder("same_attributes");
  Net<xs::Dropout<Ratio{1, 2}>, xs::Weighted<xs::L2, Ratio{2, 1}>> first{xs::seed(1)}, whole{xs::seed(1)};
  Net<xs::Dropout<Ratio{2, 4}>, xs::Weighted<xs::L2, Ratio{4, 2}>> second{xs::seed(1)};
  xs::train(first, data, sgd, options(folder, 2));
  CHECK(xs::train(second, data, sgd, options(folder, 4)).iterations == 4);
  const Folder other("whole_attributes");
  xs::train(whole, data, sgd, options(other, 4));
  CHECK(same_bits(second, whole));
}
