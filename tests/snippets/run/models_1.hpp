#include <doctest/doctest.h>

#include <xstitch/report/draw.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "../../models/golden.hpp"
#include "../captured.hpp"
#include "../in_folder.hpp"

TEST_CASE("a state_dict of torchvision's names fills one network whole and the trunks of a pair") {
  const pages::InFolder folder;
  xs::OneTask<Birds> one{xs::seed(1)};
  // The file: each parameter in PyTorch's order of axes under its name there, and a counter that goes unread.
  std::vector<std::vector<float>> values;
  std::vector<xs::TensorView> tensors;
  for (std::size_t i = 0; i < one.parameters().size(); ++i) {
    const xs::ParameterSlot& slot = one.parameters()[i];
    std::vector<std::uint64_t> shape = xs::parameter_file::shape_of(slot.spec.extents);
    if (slot.spec.axes.size() == 4) shape = {shape[3], shape[2], shape[0], shape[1]};
    if (slot.spec.axes.size() == 2) std::swap(shape[0], shape[1]);
    values.emplace_back(slot.count);
    for (std::size_t k = 0; k < slot.count; ++k)
      values.back()[k] = static_cast<float>(i) + 0.25F * static_cast<float>(k % 97);
    tensors.push_back(xs::TensorView::floats(golden::name_of(slot), shape, values.back()));
  }
  const std::array<std::int64_t, 1> counter{7};
  tensors.push_back(xs::TensorView::integers("bn1.num_batches_tracked", {}, counter));
  xs::safetensors::write("resnet18.safetensors", tensors, {{"format", "pt"}});

  Pair pair{xs::seed(2)};
  const pages::Captured out(std::cout);
  start_from_torchvision(one, pair);
  const std::size_t scores = 2 * 2, alphas = 4;  // weight and bias of each fc, one unit a seam
  const std::size_t trunk = one.parameters().size() - 2;
  CHECK(out.text() ==
        std::to_string(2 * trunk) + " parameters taken, " + std::to_string(scores + alphas) + " left alone\n");
  for (std::size_t i = 0; i < one.parameters().size(); ++i) {
    const xs::ParameterSlot& slot = one.parameters()[i];
    CAPTURE(slot.name);
    const std::span<const float> loaded = one.parameter(i);
    std::size_t wrong = 0;
    for (std::size_t k = 0; k < slot.count; ++k) wrong += loaded[golden::place(slot.spec, k)] != values[i][k] ? 1U : 0U;
    CHECK(wrong == 0);
    if (slot.name.find(".fc.") != std::string::npos) continue;
    for (const std::string tower : {"birds", "flowers"}) {
      const std::size_t p = pair.find_parameter(tower + slot.name.substr(5));
      REQUIRE(p != xs::AnyNet::npos);
      CHECK(std::ranges::equal(pair.parameter(p), loaded));
    }
  }
}

TEST_CASE("a depth a pixel beside what is seen") {
  const std::string picture = xs::draw<xs::CrossStitch<Seen, Depth>>();
  CHECK(picture.find("64x64x1") != std::string::npos);
  CHECK(picture.find("layer4") != std::string::npos);
}
