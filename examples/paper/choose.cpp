#include "choose.hpp"

#include <xstitch/io/file.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>

namespace paper {
namespace {

using protocol::PairSettings;
using protocol::Row;

struct Candidate {
  std::string method, what;
  PairSettings settings;
  std::string split;
  Row row{};
  std::vector<xs::MetricValue> values{};  ///< of the primary columns
  double score = -std::numeric_limits<double>::infinity();
};

/// delta_m of two rows with one primary metric a task; a baseline of 0 counts as a hundredth of a point.
double score_of(const std::vector<xs::MetricValue>& mine, const std::vector<xs::MetricValue>& base) {
  double sum = 0.0;
  for (std::size_t c = 0; c < mine.size(); ++c) {
    if (!mine[c].measured || !base[c].measured) return -std::numeric_limits<double>::infinity();
    sum += (mine[c].larger_is_better ? 1.0 : -1.0) * (mine[c].value - base[c].value) /
           std::max(0.01, std::abs(base[c].value));
  }
  return 100.0 * sum / static_cast<double>(mine.size());
}

const Candidate& best_of(const std::vector<Candidate>& all, const std::string& method) {
  const Candidate* best = nullptr;
  for (const Candidate& one : all)
    if (one.method == method && (best == nullptr || one.score > best->score)) best = &one;
  if (best == nullptr || !std::isfinite(best->score))
    xs::fail("choose: no training of ", method, " ended with numbers");
  return *best;
}

class Chooser {
 public:
  Chooser(const ChoiceSettings& settings, protocol::Subject& subject, const protocol::RunSettings& run,
          const std::atomic<bool>& stop)
      : settings_(settings), subject_(subject), run_(run), stop_(stop) {
    for (const protocol::Column& column : settings.columns)
      if (column.primary) columns_.push_back(column);
  }

  /// False if it was stopped. Fills rows, values and scores; the first of the first round is what all are compared
  /// with.
  bool judge(std::vector<Candidate>& all) {
    protocol::Plan plan(settings_.tasks, std::vector<std::uint64_t>(settings_.tasks.size(), settings_.iterations),
                        settings_.iterations);
    std::vector<Row> rows;
    for (Candidate& one : all) {
      one.row = one.method == "one-task"       ? plan.one_task(settings_.seed, one.settings)
                : one.method == "cross-stitch" ? plan.cross_stitch(settings_.seed, one.method, one.settings)
                : one.method == "shared"       ? plan.together("shared", settings_.seed, one.settings)
                                               : plan.together("split:" + one.split, settings_.seed, one.settings);
      rows.push_back(one.row);
    }
    protocol::Runner runner(subject_, run_, plan, stop_);
    if (runner.run(rows) != protocol::RunEnd::finished) return false;
    for (Candidate& one : all) one.values = runner.result(one.row, columns_).values;
    if (base_.empty()) base_ = all.front().values;
    for (Candidate& one : all) one.score = score_of(one.values, base_);
    return true;
  }

  [[nodiscard]] xs::Table table(const std::vector<Candidate>& all) const {
    std::vector<std::string> header{"method", "setting"};
    for (const protocol::Column& column : columns_) header.push_back(column.task + " " + column.metric);
    header.emplace_back("delta_m");
    xs::Table made(header);
    made.align(1, xs::Align::left);
    for (const Candidate& one : all) {
      std::vector<std::string> cells{one.method, one.what};
      for (const xs::MetricValue& v : one.values) cells.push_back(xs::Table::number(v, 2));
      cells.push_back(xs::Table::number(one.score, 2));
      made.add_row(std::move(cells));
    }
    return made;
  }

 private:
  const ChoiceSettings& settings_;
  protocol::Subject& subject_;
  const protocol::RunSettings& run_;
  const std::atomic<bool>& stop_;
  std::vector<protocol::Column> columns_;
  std::vector<xs::MetricValue> base_;
};

std::string number(float value) { return xs::number_text(value, 4); }

}  // namespace

bool choose(const ChoiceSettings& settings, protocol::Subject& subject, const protocol::RunSettings& run,
            const std::atomic<bool>& stop) {
  Chooser chooser(settings, subject, run, stop);
  std::vector<Candidate> first, second;
  for (const float factor : {1.0F, 0.5F, 2.0F})
    for (const char* method : {"one-task", "split", "shared", "cross-stitch"}) {
      PairSettings with_rate;
      if (factor != 1.0F) with_rate.learning_rate = factor * run.learning_rate;
      first.push_back({method, "learning rate " + number(factor * run.learning_rate), with_rate, settings.first_split});
    }
  if (!chooser.judge(first)) return false;
  const auto rate_of = [&](const char* method) { return best_of(first, method).settings.learning_rate; };
  for (const std::string& layer : settings.splits) {
    PairSettings with_rate;
    with_rate.learning_rate = rate_of("split");
    second.push_back({"split", "at " + layer, with_rate, layer});
  }
  for (const float factor : {1.0F, 0.2F, 5.0F}) {
    PairSettings with_multiplier;
    with_multiplier.learning_rate = rate_of("cross-stitch");
    const float multiplier = factor * run.alpha_multiplier;
    if (factor != 1.0F) {
      with_multiplier.alpha_multiplier = multiplier;
      with_multiplier.suffix = ".multiplier-" + xs::number_text(multiplier, 6);
    }
    second.push_back({"cross-stitch", "alpha multiplier " + number(multiplier), with_multiplier, ""});
  }
  if (!chooser.judge(second)) return false;

  const auto absolute = [](float value, float preset) { return static_cast<double>(value > 0.0F ? value : preset); };
  const auto rate = [&](const char* method) { return absolute(rate_of(method), run.learning_rate); };
  const Candidate &split = best_of(second, "split"), &stitched = best_of(second, "cross-stitch");
  const std::string text = "Chosen on " + subject.describe_test() + ", seed " + std::to_string(settings.seed) +
                           ", delta_m against one-task with the preset's learning rate:\n\n" +
                           chooser.table(first).to_text() + "\n" + chooser.table(second).to_text() +
                           "\nlearning rates: one-task " + xs::Table::number(rate("one-task"), 5) + ", split " +
                           xs::Table::number(rate("split"), 5) + ", shared " + xs::Table::number(rate("shared"), 5) +
                           ", cross-stitch " + xs::Table::number(rate("cross-stitch"), 5) + "; split at " +
                           split.split + "; " + stitched.what + "\n";
  std::cout << '\n' << text << std::flush;
  const std::filesystem::path results = run.folder / "results";
  xs::write_file_atomically(results / "choice.txt", text);
  xs::write_file_atomically(
      results / "chosen.json",
      xs::Json()
              .set("validation", subject.describe_test())
              .set("training", subject.describe_training())
              .set("seed", settings.seed)
              .set("one-task", xs::Json().set("learning_rate", rate("one-task")))
              .set("split", xs::Json().set("learning_rate", rate("split")).set("layer", split.split))
              .set("shared", xs::Json().set("learning_rate", rate("shared")))
              .set("cross-stitch",
                   xs::Json()
                       .set("learning_rate", rate("cross-stitch"))
                       .set("alpha_multiplier", absolute(stitched.settings.alpha_multiplier, run.alpha_multiplier)))
              .text(2) +
          "\n");
  return true;
}

Chosen read_chosen(const std::filesystem::path& file, float learning_rate, float alpha_multiplier) {
  const xs::Json json = xs::Json::parse(xs::read_file(file), file.string());
  try {
    const auto value = [](const xs::Json& from, const char* name, float preset) {
      const auto found = static_cast<float>(from.at(name).number());
      if (!std::isfinite(found) || found <= 0.0F) xs::fail("found ", name, " ", found, ", expected a positive number");
      return found == preset ? 0.0F : found;
    };
    return {.one_task_rate = value(json.at("one-task"), "learning_rate", learning_rate),
            .split_rate = value(json.at("split"), "learning_rate", learning_rate),
            .shared_rate = value(json.at("shared"), "learning_rate", learning_rate),
            .cross_stitch_rate = value(json.at("cross-stitch"), "learning_rate", learning_rate),
            .alpha_multiplier = value(json.at("cross-stitch"), "alpha_multiplier", alpha_multiplier),
            .split = json.at("split").at("layer").string()};
  } catch (const xs::Error& error) {
    xs::fail(file.string(), ": ", error.what());
  }
}

}  // namespace paper
