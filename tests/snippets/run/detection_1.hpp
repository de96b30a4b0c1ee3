#include <doctest/doctest.h>

#include <xstitch/report/draw.hpp>

#include <string>

// The page's pair, small enough to be run: a sixteenth of the widths on rooms of 96 x 128.
template <int Regions>
using Small = xs::CrossStitch<xs::At<"pool1", "pool2", "pool5">, xs::PerLayer,
                              xs::models::FastRcnn<xs::data::thing_classes, 96, 128, Regions, 16>,
                              xs::models::RegionAttributes<xs::data::thing_attributes, 96, 128, Regions, 16>>;

TEST_CASE("stitched after the pools, a matrix of alphas a layer; each region has its row") {
  const std::string picture = xs::draw<Pair<64>>();
  for (const std::string part :
       {">pool1  2x2x1<", ">pool2  2x2x1<", ">pool5  2x2x1<", "cls_score", "bbox_pred", "attr_score"})
    CHECK_MESSAGE(picture.find(part) != std::string::npos, part);
  CHECK(picture.find(">fc7  2x2") == std::string::npos);  // a seam that is not asked for
}

TEST_CASE("a predictor with more rows judges as the network does, with its parameters and no copy") {
  const xs::data::RoomsDetection test{
      {.split = xs::data::RoomsSplit::test, .count = 2, .height = 96, .width = 128, .regions = {.count = 16}}};
  Small<16> trained{xs::seed(1)};
  xs::Predictor<Small<40>> predictor{trained};
  CHECK(predictor.parameters() == trained.shared_parameters());
  const xs::DetectionEvaluation expected = xs::evaluate_detection(trained, test, {.attributes = "attributes"});
  const xs::DetectionEvaluation found = xs::evaluate_detection(predictor, test, {.attributes = "attributes"});
  CHECK(found.images == 2);
  CHECK(found.recall.at(0.5).value == expected.recall.at(0.5).value);
  const auto all = found.attributes.per_attribute(), one_by_one = expected.attributes.per_attribute();
  REQUIRE(all.size() == xs::data::thing_attributes);
  for (std::size_t a = 0; a < all.size(); ++a)
    CHECK(all[a].average_precision.value == doctest::Approx(one_by_one[a].average_precision.value).epsilon(0.02));
}
