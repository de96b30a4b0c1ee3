#pragma once
// Metrics as JSON, there and back; what was not measured is null.
#include <xstitch/io/json.hpp>
#include <xstitch/metrics/metric.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace protocol {

namespace xs = xstitch;

inline xs::Json json_of(const xs::MetricValue& v) {
  return xs::Json()
      .set("name", v.name)
      .set("value", v.measured && std::isfinite(v.value) ? xs::Json(v.value) : xs::Json())
      .set("unit", v.unit)
      .set("larger_is_better", v.larger_is_better);
}
inline xs::MetricValue metric_of(const xs::Json& json) {
  const xs::Json& value = json.at("value");
  return {json.at("name").string(), value.is_null() ? 0.0 : value.number(), json.at("unit").string(),
          json.at("larger_is_better").boolean(), !value.is_null()};
}
inline xs::Json json_of(const std::vector<xs::MetricValue>& values) {
  xs::Json::Array all;
  for (const xs::MetricValue& v : values) all.push_back(json_of(v));
  return all;
}
inline std::vector<xs::MetricValue> metrics_of(const xs::Json& json) {
  std::vector<xs::MetricValue> all;
  for (const xs::Json& v : json.array()) all.push_back(metric_of(v));
  return all;
}

}  // namespace protocol
