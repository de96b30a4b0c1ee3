#include "experiments.hpp"

#include "alexnet_voc/results.hpp"

namespace paper {
namespace {

using protocol::PairSettings;
using protocol::Plan;
using protocol::Row;
using Seeds = std::vector<std::uint64_t>;

std::string alpha_name(const std::vector<float>& alpha) {
  return xs::number_text(alpha[0], 3) + "," + xs::number_text(alpha[1], 3);
}
PairSettings with_alpha(const std::vector<float>& alpha) {
  PairSettings settings;
  settings.alpha = {alpha[0], alpha[1]};
  const PairSettings usual;
  if (settings.alpha != usual.alpha) settings.suffix = ".alpha-" + alpha_name(alpha);
  return settings;
}

/// Rows that a function makes for each seed.
template <class Make>
Part part(std::string title, std::string baseline, const Seeds& seeds, const Make& make) {
  Part made{std::move(title), std::move(baseline), protocol::pair_columns(), {}};
  for (const std::uint64_t seed : seeds) make(seed, made.rows);
  return made;
}
Row named(Row row, std::string method) {
  row.method = std::move(method);
  return row;
}

Experiment table5(const Preset&, Plan& plan, const Seeds& seeds, const Chosen& chosen) {
  return {"table5",
          "Table 5: methods on segmentation and normals",
          {part("methods", "one-task", seeds,
                [&](std::uint64_t seed, std::vector<Row>& rows) {
                  const PairSettings alone = chosen.with_rate(chosen.one_task_rate);
                  rows.push_back(plan.one_task(seed, alone));
                  rows.push_back(plan.ensemble(seed, alone));
                  rows.push_back(plan.together("split:" + (chosen.split.empty() ? "conv4" : chosen.split), seed,
                                               chosen.with_rate(chosen.split_rate)));
                  rows.push_back(plan.together("shared", seed, chosen.with_rate(chosen.shared_rate)));
                  rows.push_back(plan.cross_stitch(seed, "cross-stitch", chosen.cross_stitch()));
                })},
          {},
          false};
}

Experiment fig2(const Preset& preset, Plan& plan, const Seeds& seeds) {
  return {"fig2",
          "Figure 2: where to split, against one-task networks",
          {part("split points, late to early", "one-task", seeds,
                [&](std::uint64_t seed, std::vector<Row>& rows) {
                  rows.push_back(plan.one_task(seed));
                  rows.push_back(named(plan.together("shared", seed), "split:score"));
                  for (std::size_t s = preset.splits.size(); s-- > 0;)
                    rows.push_back(plan.together("split:" + preset.splits[s], seed));
                })},
          {},
          false};
}

Experiment table1(const Preset& preset, Plan& plan, const Seeds& seeds) {
  return {"table1",
          "Table 1: initial alphas (alpha_S, alpha_D)",
          {part("initial alphas", "one-task", seeds,
                [&](std::uint64_t seed, std::vector<Row>& rows) {
                  rows.push_back(plan.one_task(seed));
                  for (const auto& alpha : preset.alphas)
                    rows.push_back(plan.cross_stitch(seed, "alpha " + alpha_name(alpha), with_alpha(alpha)));
                })},
          {},
          false};
}

Experiment table2(const Preset& preset, Plan& plan, const Seeds& seeds) {
  return {"table2",
          "Table 2: learning rate of the alphas, as a multiple of the network's",
          {part("multipliers", "one-task", seeds,
                [&](std::uint64_t seed, std::vector<Row>& rows) {
                  rows.push_back(plan.one_task(seed));
                  for (const float multiplier : preset.alpha_multipliers) {
                    PairSettings settings;
                    const std::string text = xs::number_text(multiplier, 6);
                    if (multiplier != preset.alpha_multiplier) {
                      settings.alpha_multiplier = multiplier;
                      settings.suffix = ".multiplier-" + text;
                    }
                    rows.push_back(plan.cross_stitch(seed, "multiplier " + text, settings));
                  }
                })},
          {},
          false};
}

/// From a classifier of rooms that no other training sees, N iterations of it for both rows: the pair directly (2 N),
/// or one-task networks (N) and then the pair (N).
Experiment table3(const Preset& preset, Plan& plan, const Seeds& seeds) {
  const auto start_from_presence = [](protocol::Training t, const std::string& source) {
    t.start = {source};
    t.mapping = {{"presence.", "segmentation."}, {"presence.", "normals."}};
    return t;
  };
  return {"table3",
          "Table 3: initial values from another task (which classes a room of another seed holds, in ImageNet's place) "
          "or from one-task networks",
          {part("initial values", "from one-task", seeds,
                [&](std::uint64_t seed, std::vector<Row>& rows) {
                  protocol::Training presence;
                  presence.name = Plan::name_of("presence", seed);
                  presence.network = presence.variant = "presence";
                  presence.seed = presence.data_seed = seed;
                  presence.iterations = preset.iterations;
                  const std::string source = plan.add(presence);
                  protocol::Training task;
                  task.seed = task.data_seed = seed;
                  task.iterations = preset.iterations;
                  std::vector<std::string> alone;
                  for (const char* name : {"segmentation", "normals"}) {
                    task.network = name;
                    task.name = Plan::name_of(std::string("presence-") + name, seed);
                    alone.push_back(plan.add(start_from_presence(task, source)));
                  }
                  task.network = "cross_stitch";
                  task.name = Plan::name_of("presence-one-task-cross-stitch", seed);
                  task.start = alone;
                  rows.push_back({"from one-task", seed, {plan.add(task)}});
                  task.name = Plan::name_of("presence-cross-stitch", seed);
                  task.iterations = 2 * preset.iterations;
                  rows.push_back({"from the other task", seed, {plan.add(start_from_presence(task, source))}});
                })},
          {},
          false};
}

Experiment table4(const Preset& preset, Plan& plan, const Seeds& seeds) {
  Experiment made = table1(preset, plan, seeds);
  made.name = "table4";
  made.title = "Table 4: alphas after training, sorted";
  made.further = &report_alphas;
  return made;
}

Experiment fig6(const Preset&, Plan& plan, const Seeds& seeds, const Chosen& chosen) {
  return {"fig6",
          "Figure 6: gain of each class against its frequency",
          {part("cross-stitch and one-task", "one-task", seeds,
                [&](std::uint64_t seed, std::vector<Row>& rows) {
                  rows.push_back(plan.one_task(seed, chosen.with_rate(chosen.one_task_rate)));
                  rows.push_back(plan.cross_stitch(seed, "cross-stitch", chosen.cross_stitch()));
                })},
          &report_class_gains,
          false};
}

Experiment placement(const Preset&, Plan& plan, const Seeds& seeds) {
  return {"placement",
          "Units after pooling, or after every convolution",
          {part("placement", "after pooling", seeds,
                [&](std::uint64_t seed, std::vector<Row>& rows) {
                  rows.push_back(plan.one_task(seed));
                  rows.push_back(plan.cross_stitch(seed, "after pooling"));
                  PairSettings settings;
                  settings.network = "cross_stitch:every_conv";
                  settings.suffix = ".every-conv";
                  rows.push_back(plan.cross_stitch(seed, "after every convolution", settings));
                })},
          {},
          false};
}

Experiment units(const Preset&, Plan& plan, const Seeds& seeds) {
  return {"units",
          "Weave units: from one-task networks (cross-stitch), or both stages as themselves",
          {part("units", "one-task", seeds,
                [&](std::uint64_t seed, std::vector<Row>& rows) {
                  rows.push_back(plan.one_task(seed));
                  rows.push_back(plan.cross_stitch(seed));
                  rows.push_back(named(plan.together("cross_stitch", seed), "cross-stitch, both stages"));
                  rows.push_back(named(plan.together("unit:nddr", seed), "NDDR (pools), both stages"));
                  rows.push_back(named(plan.together("unit:sluice", seed), "sluice, both stages"));
                  rows.push_back(named(plan.together("unit:simplex", seed), "simplex, both stages"));
                })},
          {},
          false};
}

Experiment balance(const Preset&, Plan& plan, const Seeds& seeds) {
  Experiment made{"balance", "Rules that weigh the losses", {}, {}, false};
  const std::vector<std::string> rules{"fixed", "uncertainty", "dwa", "gradnorm", "pcgrad", "famo"};
  const auto settings_of = [](const std::string& rule) {
    PairSettings settings;
    if (rule != "fixed") {
      settings.balance = rule;
      settings.suffix = "." + rule;
    }
    return settings;
  };
  made.parts.push_back(part("split:conv4", "fixed", seeds, [&](std::uint64_t seed, std::vector<Row>& rows) {
    for (const std::string& rule : rules)
      rows.push_back(named(plan.together("split:conv4", seed, settings_of(rule)), rule));
  }));
  made.parts.push_back(part("cross-stitch, stage 2", "fixed", seeds, [&](std::uint64_t seed, std::vector<Row>& rows) {
    for (const std::string& rule : rules) rows.push_back(plan.cross_stitch(seed, rule, settings_of(rule)));
  }));
  return made;
}

/// A task with a part of its labels; it alone is judged.
Experiment labels(const Preset&, Plan& plan, const Seeds& seeds) {
  Experiment made{"labels", "One task with a part of its labels", {}, {}, false};
  for (const std::string task : {"segmentation", "normals"})
    for (const std::size_t k : {1U, 2U, 4U, 8U}) {
      PairSettings settings;
      if (k > 1) settings.variant = "labels:" + task + ":" + std::to_string(k);
      Part judged = part(task + " with 1/" + std::to_string(k) + " of its labels", "one-task", seeds,
                         [&](std::uint64_t seed, std::vector<Row>& rows) {
                           rows.push_back(plan.one_task(seed, settings));
                           rows.push_back(plan.cross_stitch(seed, "cross-stitch", settings));
                         });
      std::erase_if(judged.columns, [&](const protocol::Column& c) { return c.task != task; });
      made.parts.push_back(std::move(judged));
    }
  return made;
}

std::vector<protocol::Column> three_columns() {
  std::vector<protocol::Column> columns = protocol::pair_columns();
  columns.push_back({"depth", "RMSE", "depth RMSE", true});
  columns.push_back({"depth", "mean absolute error", "depth MAE"});
  return columns;
}

Experiment three(const Preset&, Plan& plan, const Seeds& seeds) {
  Experiment made{"three", "Three tasks: segmentation, normals, depth", {}, {}, false};
  Part methods = part("methods", "one-task", seeds, [&](std::uint64_t seed, std::vector<Row>& rows) {
    rows.push_back(plan.stitched_tasks("three", {"segmentation", "normals", "depth"}, seed, true));
    rows.push_back(named(plan.together("three:split:conv4", seed, {}, 3), "split:conv4"));
    rows.push_back(named(plan.together("three:shared", seed, {}, 3), "shared"));
    rows.push_back(plan.stitched_tasks("three", {"segmentation", "normals", "depth"}, seed, false));
  });
  methods.columns = three_columns();
  made.parts.push_back(std::move(methods));
  return made;
}

/// The second pair: networks of the same names, but for split points.
Experiment table6(const Preset&, Plan& plan, const Seeds& seeds, const Chosen& chosen) {
  Part methods = part("methods", "one-task", seeds, [&](std::uint64_t seed, std::vector<Row>& rows) {
    rows.push_back(plan.one_task(seed, chosen.with_rate(chosen.one_task_rate)));
    rows.push_back(plan.ensemble(seed, chosen.with_rate(chosen.one_task_rate)));
    const std::vector<std::string> layers =
        chosen.split.empty() ? std::vector<std::string>{"conv2", "fc7"} : std::vector<std::string>{chosen.split};
    for (const std::string& layer : layers)
      rows.push_back(plan.together("split:" + layer, seed, chosen.with_rate(chosen.split_rate)));
    rows.push_back(plan.together("shared", seed, chosen.with_rate(chosen.shared_rate)));
    rows.push_back(plan.cross_stitch(seed, "cross-stitch", chosen.cross_stitch()));
  });
  methods.columns = alexnet_voc::pair_columns();
  return {
      "table6", "Table 6: methods on detection and attributes, average precision (%)", {std::move(methods)}, {}, true};
}

Experiment fig5(const Preset&, Plan& plan, const Seeds& seeds, const Chosen& chosen) {
  Part methods = part("cross-stitch and one-task", "one-task", seeds, [&](std::uint64_t seed, std::vector<Row>& rows) {
    rows.push_back(plan.one_task(seed, chosen.with_rate(chosen.one_task_rate)));
    rows.push_back(plan.cross_stitch(seed, "cross-stitch", chosen.cross_stitch()));
  });
  methods.columns = alexnet_voc::pair_columns();
  return {"fig5",
          "Figure 5: gain of each attribute against its frequency",
          {std::move(methods)},
          &report_attribute_gains,
          true};
}

struct Entry {
  ExperimentInfo info;
  Experiment (*plan)(const Preset&, Plan&, const Seeds&) = nullptr;
  Experiment (*plan_chosen)(const Preset&, Plan&, const Seeds&, const Chosen&) = nullptr;  ///< takes chosen settings
};
const std::vector<Entry>& entries() {
  static const std::vector<Entry> all{
      {{"fig2", "every split point against task-specific networks"}, &fig2},
      {{"table1", "initial values of the alphas"}, &table1},
      {{"table2", "learning rate of the alphas, up to where training diverges"}, &table2},
      {{"table3", "initial values: another task's weights, or one-task networks"}, &table3},
      {{"table4", "the alphas of each seam after training, sorted"}, &table4},
      {{"table5", "one-task, ensemble, split, shared, cross-stitch"}, nullptr, &table5},
      {{"table6", "the same for detection and attributes", true}, nullptr, &table6},
      {{"fig5", "gain of each attribute against its frequency", true}, nullptr, &fig5},
      {{"fig6", "gain of each class against its frequency"}, nullptr, &fig6},
      {{"placement", "units after pooling or after every convolution"}, &placement},
      {{"units", "cross-stitch, NDDR, sluice, simplex"}, &units},
      {{"balance", "rules that weigh the losses, on a split network and the pair"}, &balance},
      {{"labels", "one task with 1, 1/2, 1/4, 1/8 of its labels"}, &labels},
      {{"three", "segmentation, normals and depth"}, &three},
  };
  return all;
}

}  // namespace

const std::vector<ExperimentInfo>& experiment_list() {
  static const std::vector<ExperimentInfo> list = [] {
    std::vector<ExperimentInfo> made;
    for (const Entry& entry : entries()) made.push_back(entry.info);
    return made;
  }();
  return list;
}

Experiment plan_experiment(const std::string& name, const Preset& preset, protocol::Plan& plan, const Seeds& seeds,
                           const std::optional<Chosen>& chosen) {
  for (const Entry& entry : entries()) {
    if (entry.info.name != name) continue;
    if (entry.plan_chosen != nullptr) return entry.plan_chosen(preset, plan, seeds, chosen.value_or(Chosen{}));
    if (chosen) xs::fail("--chosen: ", name, " has settings of its own, expected table5, table6, fig5 or fig6");
    return entry.plan(preset, plan, seeds);
  }
  xs::fail("found no experiment \"", name, "\"");
}

}  // namespace paper
