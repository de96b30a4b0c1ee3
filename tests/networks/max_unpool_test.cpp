// The encoder and decoder of SegNet: indices of a pool read by a later unpool, odd extents, towers and a shared
// encoder.
#include <doctest/doctest.h>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/max_pool_indices.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/losses/regression.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/split.hpp>

#include "checks.hpp"

namespace xs = xstitch;

namespace {

template <xs::FixedString Name, int Channels>
using Smooth = xs::Layers<xs::Conv<Name, Channels, 3, xs::Pad<1>>, xs::Tanh>;
using Encoder = xs::Layers<Smooth<"conv1", 3>, xs::MaxPoolIndices<2>, xs::Mark<"where1", 1>, xs::Seam<"pool1">,
                           Smooth<"conv2", 4>, xs::MaxPoolIndices<3, 2>, xs::Mark<"where2", 1>>;
using Decoder = xs::Layers<xs::Conv<"middle", 4, 1>, xs::MaxUnpool<"where2">, Smooth<"up2", 3>, xs::MaxUnpool<"where1">,
                           Smooth<"up1", 2>>;
template <xs::FixedString Name>
using SegNet = xs::Tower<Name, xs::Shape<11, 7, 2>, Encoder, Decoder, xs::L2>;
using Pair = xs::CrossStitch<SegNet<"a">, SegNet<"b">>;
using Shared = xs::Split<"middle", SegNet<"a">, SegNet<"b">>;

/// As checks::all, but a pool has kinks: where a difference steps over one the checker leaves it out.
template <class Net>
void check(std::size_t most_kinks) {
  Net net{xs::seed(2)};
  xs::ThreadPool threads(2);
  const xs::NetworkGradientReport report = xs::check_network_gradients(net, support::random_batch(net, 4, 1), threads);
  CHECK_MESSAGE(report.ok, report.text);
  CHECK(report.checked >= 40);
  CHECK(report.kinks <= most_kinks);
  const auto batch = [](const xs::AnyNet& n, std::size_t size, std::uint64_t seed) {
    return support::random_batch(n, size, seed);
  };
  CHECK(support::same_bits(checks::trained<Net>(batch, 1), checks::trained<Net>(batch, 3)));
}

}  // namespace

TEST_CASE("gradients of a pair, and of two decoders on one encoder whose pools' inputs are not kept for them") {
  check<Pair>(6);
  check<Shared>(6);
}

TEST_CASE("what is asked for its shape alone has no further reader") {
  const auto& program = xs::OneTask<SegNet<"a">>::program_of_type;
  std::size_t unpools = 0;
  for (const xs::Op& op : program.ops) {
    if (op.record->kind != "MaxUnpool") continue;
    ++unpools;
    CHECK(op.input_count == 2);
    CHECK(op.record->inputs.size() == 3);
    CHECK(op.record->outputs[0].dims == op.record->inputs[2].dims);
  }
  CHECK(unpools == 2);
}
