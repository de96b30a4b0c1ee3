#include "subject.hpp"

#include <xstitch/core/number_text.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/evaluate.hpp>

#include <utility>

#include "common/metric_json.hpp"
#include "common/stage.hpp"
#include "scenes.hpp"

namespace paper {

void DenseSubject::prepare(xs::AnyNet& net, const protocol::Training& training,
                           const std::vector<std::filesystem::path>& sources) {
  protocol::prepare(net, training, data_.codebook(training.data_seed), sources);
}

xs::TrainOptions DenseSubject::options(const protocol::Training& training, std::size_t batch,
                                       std::size_t threads) const {
  xs::TrainOptions options = protocol::options_of(training, batch, threads, !data_.rooms());
  options.augment.mirror = true;
  return options;
}

xs::TextMap DenseSubject::metadata(const protocol::Training& training) const {
  return {{"preset", preset_.name},
          {"network", training.network},
          {"input_mean", xs::number_text(data_.scaling().mean[0], 9)},
          {"input_standard_deviation", xs::number_text(data_.scaling().standard_deviation[0], 9)}};
}

xs::Json DenseSubject::judge(const protocol::Row& row, const std::vector<protocol::End>& ends, std::size_t threads) {
  const bool ensemble = ends.size() == 2;
  const auto net = preset_.make(ensemble ? "ensemble" : ends[0].training->network, xs::seed(row.seed));
  if (!ensemble) xs::load(*net, ends[0].network);
  for (std::size_t m = 0; ensemble && m < 2; ++m) {
    const std::string member = "ensemble" + std::to_string(m) + ".";
    xs::initialise_from(*net, ends[m].network,
                        {{"segmentation.", member + "segmentation."}, {"normals.", member + "normals."}});
  }
  SceneCounts scenes;
  SceneMetric<true> segmentation(data_.test_scenes(), scenes.segmentation);
  SceneMetric<false> normals(data_.test_scenes(), scenes.normals);
  xs::EvaluateOptions options;
  options.threads = threads;
  for (const auto& [name, metric] : {std::pair<const char*, xs::Metric*>{"segmentation", &segmentation},
                                     std::pair<const char*, xs::Metric*>{"normals", &normals}})
    if (net->find_head(name) != xs::AnyNet::npos) options.metrics.push_back({name, *metric});
  xs::Json metrics{xs::Json::Object{}};
  for (const xs::Evaluation::Row& of_task : xs::evaluate(*net, data_.test(), options).rows)
    metrics.set(of_task.name, protocol::json_of(of_task.values));
  return xs::Json().set("metrics", std::move(metrics)).set("scenes", scenes.json());
}

}  // namespace paper
