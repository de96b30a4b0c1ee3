#include "judged.hpp"

#include <cmath>
#include <utility>

#include "common/metric_json.hpp"

namespace alexnet_voc {

using protocol::json_of;
using protocol::metric_of;

namespace {
std::size_t count_of(const xs::Json& json, const char* name) {
  return static_cast<std::size_t>(json.at(name).number());
}
}  // namespace

xs::Json json_of(const xs::DetectionEvaluation& found, const PairData& test) {
  xs::Json::Array judged_classes, judged_attributes, of_class, images_of_class, of_attribute;
  const auto random = found.random.per_class(), per_class = found.detections.per_class();
  for (std::size_t k = 0; k < per_class.size(); ++k)
    if (per_class[k].objects > 0) {
      of_class.push_back(Ranked(found.detections.answers(k), found.detections.images_of_answers(k)).json());
      xs::Json::Array images;
      for (const std::uint32_t image : found.detections.images_of_objects(k)) images.emplace_back(image);
      images_of_class.emplace_back(std::move(images));
      judged_classes.push_back(xs::Json()
                                   .set("name", per_class[k].name)
                                   .set("all_points", json_of(per_class[k].all_points))
                                   .set("eleven_points", json_of(per_class[k].eleven_points))
                                   .set("random", json_of(random[k].all_points))
                                   .set("objects", per_class[k].objects)
                                   .set("difficult", per_class[k].difficult)
                                   .set("detections", per_class[k].detections)
                                   .set("found", per_class[k].found));
    }
  // The same objects in the same order as evaluate_detection() judges attributes.
  std::vector<std::uint32_t> images;
  std::vector<xs::data::ImageObject> objects;
  for (std::size_t i = 0; i < test.size(); ++i)
    for (xs::data::ImageObject& object : test.objects(i)) {
      if (object.difficult || object.attributes.empty()) continue;
      images.push_back(static_cast<std::uint32_t>(i));
      objects.push_back(std::move(object));
    }
  if (const std::size_t count = found.attributes.objects().size(); count > 0 && count != objects.size())
    xs::fail("attributes: found ", count, " objects that were judged, the test set has ", objects.size());
  const auto each = found.attributes.per_attribute();
  for (std::size_t a = 0; a < each.size(); ++a) {
    if (each[a].positives == 0) continue;
    std::vector<xs::ScoredAnswer> answers;
    for (std::size_t i = 0; i < objects.size(); ++i)
      answers.push_back({found.attributes.scores(i)[a], objects[i].attributes[a] != 0});
    of_attribute.push_back(Ranked(answers, images).json());
    judged_attributes.push_back(xs::Json()
                                    .set("name", each[a].name)
                                    .set("index", a)
                                    .set("average_precision", json_of(each[a].average_precision))
                                    .set("prevalence", json_of(each[a].prevalence))
                                    .set("from_class", json_of(each[a].from_class))
                                    .set("within_class", json_of(each[a].within_class))
                                    .set("within_class_prevalence", json_of(each[a].within_class_prevalence))
                                    .set("positives", each[a].positives)
                                    .set("objects", each[a].objects));
  }
  return xs::Json()
      .set("metrics", xs::Json()
                          .set("detection", json_of(found.detections.values()))
                          .set("attributes", json_of(found.attributes.values())))
      .set("random", json_of(found.random.values()))
      .set("recall", json_of(found.recall.at(0.5)))
      .set("proposals_an_image", found.recall.proposals_an_image())
      .set("images", found.images)
      .set("objects", found.recall.objects())
      .set("classes", std::move(judged_classes))
      .set("attributes", std::move(judged_attributes))
      .set("ranked", xs::Json()
                         .set("classes", std::move(of_class))
                         .set("images_of_classes", std::move(images_of_class))
                         .set("attributes", std::move(of_attribute)));
}

Judged judged_from(const xs::Json& json) {
  Judged judged;
  for (const xs::Json& c : json.at("classes").array()) {
    judged.classes.push_back({c.at("name").string(), metric_of(c.at("all_points")), metric_of(c.at("eleven_points")),
                              count_of(c, "objects"), count_of(c, "difficult"), count_of(c, "detections"),
                              count_of(c, "found")});
    judged.random_of_class.push_back(metric_of(c.at("random")));
  }
  for (const xs::Json& a : json.at("attributes").array()) {
    judged.attributes.push_back({a.at("name").string(), metric_of(a.at("average_precision")),
                                 metric_of(a.at("prevalence")), metric_of(a.at("from_class")),
                                 metric_of(a.at("within_class")), metric_of(a.at("within_class_prevalence")),
                                 count_of(a, "positives"), count_of(a, "objects")});
    judged.attribute_index.push_back(count_of(a, "index"));
  }
  judged.random = protocol::metrics_of(json.at("random"));
  judged.of_attributes = protocol::metrics_of(json.at("metrics").at("attributes"));
  judged.recall = metric_of(json.at("recall"));
  judged.proposals_an_image = json.at("proposals_an_image").number();
  judged.images = count_of(json, "images");
  judged.objects = count_of(json, "objects");
  const xs::Json& ranked = json.at("ranked");
  for (const xs::Json& one : ranked.at("classes").array()) judged.of_class.push_back(Ranked::from(one));
  for (const xs::Json& one : ranked.at("attributes").array()) judged.of_attribute.push_back(Ranked::from(one));
  for (const xs::Json& of : ranked.at("images_of_classes").array()) {
    judged.images_of_class.emplace_back();
    for (const xs::Json& image : of.array())
      judged.images_of_class.back().push_back(static_cast<std::uint32_t>(image.whole()));
  }
  return judged;
}

}  // namespace alexnet_voc
