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

xs::Json json_of(const xs::DetectionEvaluation& found) {
  xs::Json::Array classes, attributes, scores;
  const auto random = found.random.per_class(), of_class = found.detections.per_class();
  for (std::size_t k = 0; k < of_class.size(); ++k)
    if (of_class[k].objects > 0)
      classes.push_back(xs::Json()
                            .set("name", of_class[k].name)
                            .set("all_points", json_of(of_class[k].all_points))
                            .set("eleven_points", json_of(of_class[k].eleven_points))
                            .set("random", json_of(random[k].all_points))
                            .set("objects", of_class[k].objects)
                            .set("difficult", of_class[k].difficult)
                            .set("detections", of_class[k].detections)
                            .set("found", of_class[k].found));
  const auto each = found.attributes.per_attribute();
  std::vector<std::size_t> shown;
  for (std::size_t a = 0; a < each.size(); ++a) {
    if (each[a].positives == 0) continue;
    shown.push_back(a);
    attributes.push_back(xs::Json()
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
  for (std::size_t i = 0; i < found.attributes.objects().size(); ++i) {
    xs::Json::Array line;  // six decimals: the file stays small
    for (const std::size_t a : shown)
      line.emplace_back(std::round(static_cast<double>(found.attributes.scores(i)[a]) * 1e6) / 1e6);
    scores.emplace_back(std::move(line));
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
      .set("classes", std::move(classes))
      .set("attributes", std::move(attributes))
      .set("scores", std::move(scores));
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
  for (const xs::Json& line : json.at("scores").array()) {
    judged.scores.emplace_back();
    for (const xs::Json& v : line.array()) judged.scores.back().push_back(static_cast<float>(v.number()));
  }
  return judged;
}

}  // namespace alexnet_voc
