#include "toy.hpp"

#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

using namespace toy;

TEST_CASE("a training in bf16 is resumed where bf16 has other bits only if that is accepted") {
  xs::CrossStitch<xs::Bfloat16, A, B> net{xs::seed(1)};
  const xs::Training training(net, xs::Sgd{});
  xs::TrainingIdentity then, now;
  then.precision = now.precision = xs::Precision::bf16;
  now.products = "matrix unit";
  xs::TrainingState state;
  for (std::size_t i = 0; i < net.heads().size(); ++i) state.interval.push_back({0.0, 0.0});
  const auto read = [&](const xs::TrainingIdentity& of, bool other_bits) {
    const xs::Json json = xs::Json()
                              .set("version", xs::checkpoint::version)
                              .set("identity", of.to_json())
                              .set("state", xs::training_state::to_json(state));
    return error_of([&] { xs::checkpoint::parse(json.text(), training, now, {.other_bits = other_bits}, false); });
  };
  const std::string none = "no error", advice = "set accept_other_bits = true";
  for (const char* products : {"", "vdpbf16ps"}) {  // the first as before it was known
    then.products = products;
    CHECK(read(then, false).find("products: then ") != std::string::npos);
    CHECK(read(then, false).find(advice) != std::string::npos);
    CHECK(read(then, true) == none);
  }
  then.products = now.products;
  CHECK(read(then, false) == none);
  then.precision = xs::Precision::fp32;
  then.products = "";
  CHECK(read(then, true).find("precision: then \"fp32\", now \"bf16\"") != std::string::npos);
  CHECK(read(then, true).find(advice) == std::string::npos);
}

TEST_CASE("the identity of a training in bf16 names how it multiplies, that in fp32 does not") {
  const Stripes data;
  const xs::TrainOptions options;
  const xs::Sgd sgd{.learning_rate = 0.05F};
  xs::CrossStitch<xs::Bfloat16, A, B> rounded{xs::seed(1)};
  xs::CrossStitch<A, B> exact{xs::seed(1)};
  CHECK(xs::trainer::identify(rounded, data, sgd, options, 3).products == xs::kernels::bf16_products());
  CHECK(xs::trainer::identify(exact, data, sgd, options, 3).products.empty());
}
