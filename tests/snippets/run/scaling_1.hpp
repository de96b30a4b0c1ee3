#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../made_data.hpp"

// Run by two processes: mpi/launch MPIRUN -np 2.

TEST_CASE("two processes make the training of one that accumulates two slices, bit for bit") {
  using Pair = xs::CrossStitch<
      xs::Tower<"a", xs::Shape<6>, xs::Linear<"fc", 5>, xs::Relu, xs::Seam<"fc">, xs::Linear<"out", 3>,
                xs::SoftmaxCrossEntropy>,
      xs::Tower<"b", xs::Shape<6>, xs::Linear<"fc", 5>, xs::Relu, xs::Seam<"fc">, xs::Linear<"out", 1>, xs::L2>>;
  Pair net{xs::seed(1)}, alone{xs::seed(1)};
  const pages::MadeData data(net, 160);
  std::vector<std::string> words{"mine"};
  std::vector<char*> arguments{words[0].data(), nullptr};
  CHECK(train_together(1, arguments.data(), data, net) == 0);
  xs::train(alone, data, xs::Sgd{.learning_rate = 0.01F},
            {.epochs = 5, .batch = 64, .accumulate = 2, .output = nullptr});
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    CAPTURE(net.parameters()[i].name);
    CHECK(std::ranges::equal(net.parameter(i), alone.parameter(i)));
  }
  CHECK_FALSE(std::ranges::equal(net.parameter(0), Pair{xs::seed(1)}.parameter(0)));
}

TEST_CASE("what one rank of four holds, as the page quotes it") {
  const std::string last =
      "a rank of 4, batch 64 in 4 slices of 16: parameters 1.5 MiB, gradients 1.5 MiB, optimizer's "
      "state 0.8 MiB of 3.0 MiB, ";
  const std::size_t at = text.find(last);
  REQUIRE(at != std::string::npos);
  CHECK(text[at - 1] == '\n');
  CHECK(text.find('\n', at) == text.size() - 1);
}
