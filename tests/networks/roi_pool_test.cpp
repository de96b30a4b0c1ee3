// The pair of detection and attributes as a network: rows a sample from the regions on, three losses, seams on both
// sides of the pool.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "checks.hpp"
#include "regions_tower.hpp"

namespace xs = xstitch;

namespace {

using Small = regions_tower::Towers<12, 16, 4, 2, 3>;
using Pair = xs::CrossStitch<Small::Detection, Small::Attribute>;

/// Two samples' worth of regions, one of them not used, over and over.
xs::Batch by_hand(const xs::AnyNet& net, std::size_t n, std::uint64_t seed) {
  xs::Batch batch = support::random_batch(net, n, seed, true);
  const std::vector<float> boxes{1, 0, 0, 16, 12, 1, 2, 3, 9,  8,  1, -4, 5, 30, 9,  0, 0, 0, 0,  0,
                                 1, 5, 5, 6,  6,  1, 8, 0, 16, 12, 1, 0,  6, 8,  12, 1, 3, 1, 12, 11};
  const std::vector<std::int32_t> classes{1, 0, 2, -1, 0, 1, 2, 0};
  for (std::size_t s = 0; s < net.inputs().size(); ++s)
    if (net.inputs()[s].kind == xs::InputKind::boxes)
      for (std::size_t i = 0; i < batch.inputs[s].size(); ++i) batch.inputs[s][i] = boxes[i % boxes.size()];
  for (std::size_t h = 0; h < net.heads().size(); ++h) {
    xs::LabelBatch& label = batch.labels[h];
    for (std::size_t r = 0; r < label.rows * n; ++r) {
      const std::int32_t k = classes[r % classes.size()];
      if (net.heads()[h].name() == "detection.class") label.indices[r] = k;
      if (net.heads()[h].name() == "detection.box") label.values[5 * r] = static_cast<float>(k);
      if (net.heads()[h].name() == "attributes")
        label.mask.insert(label.mask.end(), 3, static_cast<std::uint8_t>(k > 0 ? 1 : 0));
    }
  }
  return batch;
}

}  // namespace

TEST_CASE("rows a sample: slots, shapes and losses") {
  Pair net{xs::seed(1)};
  REQUIRE(net.inputs().size() == 4);
  const std::size_t box = net.find_head("detection.box"), attribute = net.find_head("attributes");
  CHECK(net.heads()[box].prediction == xs::TensorShape(xs::Dims{1, 1, 12}, 4));
  CHECK(net.heads()[attribute].label.rows == 4);
  xs::ThreadPool threads(2);
  const xs::StepResult& step = net.evaluate(by_hand(net, 2, 1), threads);
  CHECK(step.losses[net.find_head("detection.class")].normaliser == 7.0);
  CHECK(step.losses[box].normaliser == 7.0);
  CHECK(step.losses[attribute].normaliser == 3.0 * 4.0);
}

TEST_CASE("gradients through pool, seams and three losses; the same bits on any threads") {
  Pair net{xs::seed(2)};
  xs::ThreadPool two(2);
  const xs::NetworkGradientReport report = xs::check_network_gradients(net, by_hand(net, 4, 1), two);
  CHECK_MESSAGE(report.ok, report.text);
  CHECK(report.checked > 200);
  CHECK(report.kinks * 20 < report.checked);  // where a step changes which pixel is a region's maximum
  const auto batch = [](const xs::AnyNet& any, std::size_t n, std::uint64_t seed) { return by_hand(any, n, seed); };
  const std::vector<float> one = checks::trained<Pair>(batch, 1);
  CHECK_FALSE(support::same_bits(one, support::all_parameters(Pair{xs::seed(3)})));
  for (const std::size_t threads : {2U, 3U}) CHECK(support::same_bits(checks::trained<Pair>(batch, threads), one));
}

TEST_CASE("inference with another number of regions has the same parameters") {
  using Wide = regions_tower::Towers<12, 16, 9, 2, 3>;
  Pair net{xs::seed(1)};
  xs::CrossStitch<Wide::Detection, Wide::Attribute> wide{xs::seed(2)};
  CHECK(support::copy_parameters(net, wide) == net.parameters().size());
  xs::ThreadPool threads(1);
  xs::Batch batch = by_hand(net, 1, 3), more = by_hand(wide, 1, 3);
  for (std::size_t s : {1U, 3U}) std::copy(batch.inputs[s].begin(), batch.inputs[s].end(), more.inputs[s].begin());
  net.evaluate(batch, threads);
  wide.evaluate(more, threads);
  for (const std::string head : {"detection.class", "detection.box", "attributes"}) {
    const auto few = net.prediction(net.find_head(head)), all = wide.prediction(wide.find_head(head));
    REQUIRE(all.size() == few.size() / 4 * 9);
    for (std::size_t i = 0; i < few.size(); ++i) CHECK(all[i] == doctest::Approx(few[i]).epsilon(1e-5));
  }
}
