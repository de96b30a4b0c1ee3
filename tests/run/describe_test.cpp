// The table of a network, its picture, and the gradient check where a gradient is truly zero.
#include <doctest/doctest.h>
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/ensemble.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/split.hpp>
#include <xstitch/report/draw.hpp>
#include <xstitch/run/check_network.hpp>
#include <xstitch/run/describe.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "../weave/support.hpp"
#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

/// y = x W + b, b per channel.
template <xs::FixedString Name>
struct Shift {
  static constexpr auto name = Name;
  static constexpr bool reads_input = false, reads_output = false;
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  static constexpr std::array<xs::ParameterSpec, 1> parameters(xs::Dims in) {
    return {xs::ParameterSpec{.name = "bias",
                              .extents = xs::Extents(in.channels),
                              .initializer = xs::Initializer::constant(0.0F),
                              .group = xs::ParameterGroup::bias}};
  }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      call.output[i] = call.input[i] + call.parameters[0][i % In.size()];
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    std::fill(call.parameter_gradients[0], call.parameter_gradients[0] + In.size(), 0.0F);
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) {
      call.parameter_gradients[0][i % In.size()] += call.output_gradient[i];
      if (call.input_gradient != nullptr) call.input_gradient[i] = call.output_gradient[i];
    }
  }
};

/// The same, and says which algorithms its passes take.
template <xs::FixedString Name>
struct WithAlgorithms : Shift<Name> {
  static constexpr xs::AlgorithmsFunction algorithms = [](std::span<const xs::Attribute>, xs::Dims in, xs::Precision) {
    return std::array<xs::AlgorithmNote, 3>{
        {{"plain", "no other suits"}, {"plain", "no other suits"}, {"quick", in.size() == 5 ? "5 of them" : "?"}}};
  };
};

/// The same, but its backward says that the bias has no gradient.
template <xs::FixedString Name>
struct Forgotten : Shift<Name> {
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    Shift<Name>::template backward<In>(call);
    std::fill(call.parameter_gradients[0], call.parameter_gradients[0] + In.size(), 0.0F);
  }
};

using Net = xs::OneTask<
    xs::Tower<"a_tower_with_a_name_of_more_than_forty_letters", xs::Shape<6>, Dense<"first_layer_with_a_long_name", 5>,
              xs::BatchNorm<"norm">, xs::Tanh, Dense<"c", 3>, tiny::SmallOutput>>;

}  // namespace

TEST_CASE("running statistics are counted as buffers, in the row and in the total") {
  const std::string text = xs::describe<Net>();
  CHECK(text.find("10 + 10") != std::string::npos);  // BatchNorm: weight and bias, two running statistics
  CHECK(text.find("OneTask: 55 parameters + 10 in buffers") != std::string::npos);
  static_assert(Net::parameter_count == 30 + 10 + 15);
}

TEST_CASE("long names widen their column and break no other") {
  const std::vector<std::string> all = lines(xs::describe<Net>());
  REQUIRE(all.size() == 7);
  const std::size_t operation = all[0].find("operation");
  for (std::size_t i = 1; i + 1 < all.size(); ++i) {
    CHECK(all[i][operation - 1] == ' ');
    CHECK(all[i][operation] != ' ');
  }
  CHECK(all[1].find("first_layer_with_a_long_name") == all[1].find("Dense") + 6);
}

TEST_CASE("the algorithms of an operation's passes, and why, each reason once") {
  using Told = xs::OneTask<xs::Tower<"t", xs::Shape<5>, WithAlgorithms<"a">, WithAlgorithms<"b">, tiny::SmallOutput>>;
  const std::vector<std::string> all = lines(xs::describe<Told>());
  REQUIRE(all.size() == 6);
  CHECK(all[0].ends_with("  algorithm"));
  CHECK(all[1].ends_with("  plain, dW quick"));
  CHECK(all[5] == "algorithms: plain (no other suits); quick (5 of them)");
}

TEST_CASE("a gradient that is truly zero, of a bias before BatchNorm, is right") {
  using Zero = xs::OneTask<xs::Tower<"t", xs::Shape<6>, Dense<"a", 5>, Shift<"shift">, xs::BatchNorm<"norm">, xs::Tanh,
                                     Dense<"c", 3>, tiny::SmallOutput>>;
  Zero net{xs::seed(3)};
  xs::ThreadPool threads(1);
  const xs::NetworkGradientReport report = xs::check_network_gradients(net, support::random_batch(net, 8, 1), threads);
  CHECK_MESSAGE(report.ok, report.text);
  CHECK(report.worst > 0.0);
}

TEST_CASE("a gradient that is left out does not pass as zero") {
  using Wrong = xs::OneTask<
      xs::Tower<"t", xs::Shape<6>, Dense<"a", 5>, Forgotten<"shift">, xs::Tanh, Dense<"c", 3>, tiny::SmallOutput>>;
  Wrong net{xs::seed(3)};
  xs::ThreadPool threads(1);
  const xs::NetworkGradientReport report = xs::check_network_gradients(net, support::random_batch(net, 8, 1), threads);
  CHECK_FALSE(report.ok);
  CHECK(report.text.find("t.shift.bias") != std::string::npos);
}

namespace {

using Left = xs::Tower<"left", xs::Shape<6>, xs::Block<"body", Dense<"a", 5>, xs::Tanh>, xs::Seam<"s">,
                       xs::Residual<Dense<"b", 5>>, tiny::SmallOutput>;
using Middle = xs::Tower<"middle", xs::Shape<6>, xs::Block<"body", Dense<"a", 5>, xs::Tanh>, xs::Seam<"other">,
                         xs::Tanh, tiny::SmallOutput>;
using Right = xs::Tower<"right", xs::Shape<4>, Dense<"a", 5>, xs::Seam<"s">, Dense<"c", 3>, tiny::SmallOutput>;
using Three = xs::CrossStitch<Left, Middle, Right>;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

/// Boxes of a column lie one below the other, and what an edge connects is in that order.
void check_layout(const xs::Program& program, const xs::DrawOptions& options = {}) {
  const xs::report::NetworkLayout layout = xs::report::network_layout::Maker(program, options).take();
  std::vector<int> ends(program.chains.size(), 0);
  for (const auto& box : layout.boxes) {
    CHECK(box.y + box.height < layout.height);
    if (box.chain == xs::none) continue;
    int& end = ends[static_cast<std::size_t>(box.chain)];
    CHECK(box.y > end);
    end = box.y + box.height;
  }
  for (const auto& edge : layout.edges) {
    const auto &from = layout.boxes[static_cast<std::size_t>(edge.from)],
               &to = layout.boxes[static_cast<std::size_t>(edge.to)];
    CHECK(from.y + from.height <= to.y);
  }
  for (const int x : layout.x) {
    CHECK(x >= xs::report::NetworkLayout::column_width / 2);
    CHECK(x + xs::report::NetworkLayout::column_width / 2 <= layout.width);
  }
}

}  // namespace

TEST_CASE("a picture has each tower, layer, shape and seam once") {
  const std::string svg = xs::draw<Three>();
  for (const char* tower : {"left", "middle", "right"})
    CHECK(count(svg, "class=\"title\">" + std::string(tower) + "</text>") == 1);
  CHECK(count(svg, "<rect class=\"unit\"") == 1);  // "other" is one tower's
  CHECK(count(svg, ">s  2x2x5<") == 1);
  CHECK(count(svg, "class=\"own\"") == 2);
  CHECK(count(svg, "class=\"other\"") == 2);
  CHECK(count(svg, "<rect class=\"block\"") == 2);
  CHECK(count(svg, "<rect class=\"input\"") == 3);
  CHECK(count(svg, "<rect class=\"loss\"") == 3);
  CHECK(count(svg, ">2 operations, 30 parameters<") == 2);
  const auto edges = xs::report::network_layout::Maker(Three::structure_of_type, {}).take().edges;
  CHECK(std::count_if(edges.begin(), edges.end(), [](const auto& e) { return e.skips; }) == 1);  // of the residual
  CHECK(svg.find(">CrossStitch: " + std::to_string(Three::parameter_count) + " parameters<") != std::string::npos);
  CHECK(count(svg, "<g>") == count(svg, "</g>"));
  CHECK(count(xs::draw<Three>({.open_blocks = true}), "<rect class=\"block\"") == 0);
  CHECK(count(xs::draw<Three>({.open_blocks = true}), ">body.a<") == 2);

  check_layout(Three::structure_of_type);
  check_layout(Three::structure_of_type, {.open_blocks = true});
  CHECK(Three::structure_of_type.forward.empty());
}

TEST_CASE("pictures of a trunk with towers below it, and of an ensemble") {
  using Forked =
      xs::Split<"c", Right,
                xs::Tower<"far", xs::Shape<4>, Dense<"a", 5>, xs::Seam<"s">, Dense<"c", 2>, tiny::SmallOutput>>;
  const std::string svg = xs::draw<Forked>();
  CHECK(count(svg, "class=\"title\">shared</text>") == 1);
  CHECK(count(svg, "<rect class=\"input\"") == 1);
  CHECK(count(svg, "<rect class=\"unit\"") == 0);
  check_layout(Forked::structure_of_type);

  using Two = xs::Ensemble<2, Right>;
  CHECK(count(xs::draw<Two>(), ">right, member 2</text>") == 1);
  check_layout(Two::structure_of_type);
}
