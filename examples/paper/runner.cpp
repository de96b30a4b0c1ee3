#include "runner.hpp"

#include <xstitch/train/balance/dynamic_weight_average.hpp>
#include <xstitch/train/balance/famo.hpp>
#include <xstitch/train/balance/grad_norm.hpp>
#include <xstitch/train/balance/pc_grad.hpp>
#include <xstitch/train/balance/uncertainty.hpp>
#include <xstitch/train/progress.hpp>
#include <xstitch/train/sgd.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <iostream>
#include <set>
#include <thread>

#include "common/stage.hpp"

namespace paper {
namespace {

using Clock = std::chrono::steady_clock;

xs::LossBalance balance_of(const std::string& name) {
  if (name == "uncertainty") return xs::Uncertainty{};
  if (name == "dwa") return xs::DynamicWeightAverage{};
  if (name == "gradnorm") return xs::GradNorm{};
  if (name == "pcgrad") return xs::PcGrad{};
  if (name == "famo") return xs::Famo{};
  if (!name.empty() && name != "fixed")
    xs::fail("found no rule \"", name,
             "\" that weighs losses, expected fixed, uncertainty, dwa, gradnorm, pcgrad, famo");
  return {};
}

xs::Json read_json(const std::filesystem::path& path) { return xs::Json::parse(xs::read_file(path), path.string()); }

xs::Json json_of(const xs::MetricValue& v) {
  return xs::Json()
      .set("name", v.name)
      .set("value", v.measured && std::isfinite(v.value) ? xs::Json(v.value) : xs::Json())
      .set("unit", v.unit)
      .set("larger_is_better", v.larger_is_better);
}
xs::MetricValue metric_of(const xs::Json& json) {
  const xs::Json& value = json.at("value");
  return {json.at("name").string(), value.is_null() ? 0.0 : value.number(), json.at("unit").string(),
          json.at("larger_is_better").boolean(), !value.is_null()};
}

}  // namespace

/// What is to be done, and how far it is. Work is counted in arithmetic operations.
struct Runner::Work {
  struct Item {
    const protocol::Training* training = nullptr;  ///< or the evaluation of `row`
    const protocol::Row* row = nullptr;
    std::vector<std::string> waits_for;  ///< trainings
    double work = 0.0;
    bool taken = false;
  };
  std::deque<Item> items;
  std::mutex mutex;
  std::condition_variable changed;
  std::exception_ptr error;
  std::size_t finished = 0;
  bool ended = false;                          ///< stopped, or an error
  std::atomic<std::uint64_t> million_done{0};  ///< operations of this run
  double work = 0.0;
  Clock::time_point start = Clock::now();
};

std::string Runner::name_of(const protocol::Row& row) {
  std::string name;
  for (const std::string& end : row.ends) name += (name.empty() ? "" : "+") + end;
  return name;
}

xs::Json Runner::settings_of(const protocol::Training& t) const {
  xs::Json::Array start, mapping, alpha;
  for (const std::string& source : t.start) start.emplace_back(source);
  for (const auto& [from, to] : t.mapping) mapping.emplace_back(from + ">" + to);
  for (const float a : t.alpha) alpha.emplace_back(static_cast<double>(a));
  const float rate = t.learning_rate > 0.0F ? t.learning_rate : settings_.learning_rate;
  const float multiplier = t.alpha_multiplier > 0.0F ? t.alpha_multiplier : settings_.alpha_multiplier;
  return xs::Json()
      .set("network", t.network)
      .set("size", std::to_string(preset_.width) + "x" + std::to_string(preset_.height))
      .set("seed", t.seed)
      .set("data_seed", t.data_seed)
      .set("data", data_.describe_training())
      .set("variant", t.variant)
      .set("iterations", t.iterations)
      .set("batch", settings_.batch)
      .set("start", std::move(start))
      .set("mapping", std::move(mapping))
      .set("alpha", std::move(alpha))
      .set("alphas_frozen", t.alphas_frozen)
      .set("learning_rate", static_cast<double>(rate))
      .set("alpha_multiplier", static_cast<double>(multiplier))
      .set("balance", t.balance);
}

Runner::Done Runner::done(const std::string& training) const {
  const std::lock_guard lock(mutex_);
  const auto found = done_.find(training);
  if (found == done_.end()) xs::fail("training \"", training, "\" is not finished");
  return found->second;
}

bool Runner::find_finished(const protocol::Training& training) {
  const std::filesystem::path file = settings_.folder / "trainings" / training.name / "result.json";
  if (!xs::file_exists(file)) return false;
  const xs::Json json = read_json(file);
  if (json.at("settings").text() != settings_of(training).text())
    xs::fail(file.string(), ": the training was made with other settings; give another --output, or remove it. Found ",
             json.at("settings").text(), ", expected ", settings_of(training).text());
  const xs::Json& cost = json.at("cost");
  const std::lock_guard lock(mutex_);
  done_[training.name] = {{cost.at("samples").number(), cost.at("flops").number(), cost.at("seconds").number()},
                          json.at("state").string() == "diverged"};
  return true;
}

bool Runner::train(const protocol::Training& training, Work& work) {
  const std::filesystem::path folder = settings_.folder / "trainings" / training.name;
  const auto net = preset_.make(training.network, xs::seed(training.seed));
  Done result{protocol::cost_of(*net, training, settings_.batch), false};
  std::string message;
  std::vector<std::filesystem::path> sources;
  for (const std::string& source : training.start) {
    sources.push_back(network_file(source));
    if (!done(source).diverged) continue;
    result.diverged = true;
    message = "what it starts from diverged: " + source;
  }
  if (!result.diverged) {
    const auto set = data_.training(training.variant, training.data_seed);
    protocol::prepare(*net, training, data_.codebook(training.data_seed), sources);
    const xs::Sgd sgd{
        .learning_rate = training.learning_rate > 0.0F ? training.learning_rate : settings_.learning_rate,
        .momentum = 0.9F,
        .weight_decay = preset_.weight_decay,
        .alpha_multiplier = training.alpha_multiplier > 0.0F ? training.alpha_multiplier : settings_.alpha_multiplier};
    xs::TrainOptions options = protocol::options_of(training, settings_.batch, settings_.threads, !data_.rooms());
    options.augment.mirror = true;
    options.checkpoint_every = settings_.checkpoint_every;
    options.log_every = std::max<std::uint64_t>(1, training.iterations / 50);
    options.balance = balance_of(training.balance);
    options.output = nullptr;
    const auto million =
        static_cast<std::uint64_t>(protocol::training_flops(*net) * 1e-6 * static_cast<double>(settings_.batch));
    options.after_step = [&](std::uint64_t, const xs::StepResult&) { work.million_done += million; };
    xs::TrainingJob job(folder, {.resume = true, .stop = &stop_});
    const xs::TrainResult run =
        protocol::train_stage(job, "training", *net, set->ref(), sgd, options, result.cost.seconds);
    if (run.reason == xs::StopReason::interrupted) return false;
    result.diverged = run.reason == xs::StopReason::not_finite;
    message = run.message;
    if (!result.diverged)
      xs::save(*net, network_file(training.name),
               {{"preset", preset_.name},
                {"network", training.network},
                {"input_mean", xs::number_text(data_.scaling().mean[0], 9)},
                {"input_standard_deviation", xs::number_text(data_.scaling().standard_deviation[0], 9)}});
  }
  xs::make_folder(folder);
  xs::write_file_atomically(folder / "result.json", xs::Json()
                                                            .set("state", result.diverged ? "diverged" : "finished")
                                                            .set("message", message)
                                                            .set("settings", settings_of(training))
                                                            .set("cost", xs::Json()
                                                                             .set("samples", result.cost.samples)
                                                                             .set("flops", result.cost.flops)
                                                                             .set("seconds", result.cost.seconds))
                                                            .text(2) +
                                                        "\n");
  // The network is kept; the optimizer's state, as large again, is of no more use.
  std::filesystem::remove(folder / "training" / "last.safetensors");
  const std::lock_guard lock(mutex_);
  done_[training.name] = result;
  return true;
}

void Runner::remember(const protocol::Row& row, const xs::Json& json) {
  EvaluatedRow result;
  result.measured = json.at("measured").boolean();
  for (const auto& [task, values] : json.at("metrics").object())
    for (const xs::Json& v : values.array()) result.metrics[task].push_back(metric_of(v));
  result.scenes = SceneCounts::from(json.at("scenes"));
  std::vector<protocol::Cost> costs;
  for (const std::string& name : plan_.needed(row)) costs.push_back(done(name).cost);
  result.cost = protocol::cost_of(row, costs);
  const std::lock_guard lock(mutex_);
  evaluated_[name_of(row)] = std::move(result);
}

bool Runner::find_evaluated(const protocol::Row& row) {
  const std::filesystem::path file = settings_.folder / "evaluations" / (name_of(row) + ".json");
  if (!xs::file_exists(file)) return false;
  const xs::Json json = read_json(file);
  if (json.at("test").string() != data_.describe_test()) return false;  // judged on another set
  remember(row, json);
  return true;
}

void Runner::evaluate(const protocol::Row& row) {
  bool measured = true;
  for (const std::string& end : row.ends) measured = measured && !done(end).diverged;
  xs::Json metrics{xs::Json::Object{}};
  SceneCounts scenes;
  if (measured) {
    const bool ensemble = row.ends.size() == 2;
    const auto net = preset_.make(ensemble ? "ensemble" : plan_.find(row.ends[0]).network, xs::seed(row.seed));
    if (!ensemble) xs::load(*net, network_file(row.ends[0]));
    for (std::size_t m = 0; ensemble && m < 2; ++m) {
      const std::string member = "ensemble" + std::to_string(m) + ".";
      xs::initialise_from(*net, network_file(row.ends[m]),
                          {{"segmentation.", member + "segmentation."}, {"normals.", member + "normals."}});
    }
    SceneMetric<true> segmentation(data_.test_scenes(), scenes.segmentation);
    SceneMetric<false> normals(data_.test_scenes(), scenes.normals);
    xs::EvaluateOptions options;
    options.threads = settings_.threads;
    for (const auto& [name, metric] : {std::pair<const char*, xs::Metric*>{"segmentation", &segmentation},
                                       std::pair<const char*, xs::Metric*>{"normals", &normals}})
      if (net->find_head(name) != xs::AnyNet::npos) options.metrics.push_back({name, *metric});
    const xs::Evaluation evaluation = xs::evaluate(*net, data_.test(), options);
    for (const xs::Evaluation::Row& of_task : evaluation.rows) {
      xs::Json::Array values;
      for (const xs::MetricValue& v : of_task.values) values.push_back(json_of(v));
      metrics.set(of_task.name, std::move(values));
    }
  }
  const xs::Json json = xs::Json()
                            .set("test", data_.describe_test())
                            .set("measured", measured)
                            .set("metrics", std::move(metrics))
                            .set("scenes", scenes.json());
  xs::make_folder(settings_.folder / "evaluations");
  xs::write_file_atomically(settings_.folder / "evaluations" / (name_of(row) + ".json"), json.text() + "\n");
  remember(row, json);
}

const EvaluatedRow& Runner::evaluated(const protocol::Row& row) const {
  const std::lock_guard lock(mutex_);
  const auto found = evaluated_.find(name_of(row));
  if (found == evaluated_.end()) xs::fail("row \"", row.method, "\" was not evaluated");
  return found->second;
}

protocol::RowResult Runner::result(const protocol::Row& row, const std::vector<protocol::Column>& columns) const {
  const EvaluatedRow& of = evaluated(row);
  protocol::RowResult result{row.method, row.seed, {}, of.cost};
  for (const protocol::Column& column : columns) {
    xs::MetricValue value{column.metric, 0.0, "", true, false};
    if (const auto task = of.metrics.find(column.task); task != of.metrics.end())
      for (const xs::MetricValue& v : task->second)
        if (v.name == column.metric) value = v;
    result.values.push_back(value);
  }
  return result;
}

bool Runner::run(const std::vector<protocol::Row>& rows) {
  Work work;
  std::map<std::string, double> flops_of;  // by network
  std::size_t known = 0;
  for (const protocol::Training& training : plan_.trainings()) {
    if (find_finished(training)) {
      ++known;
      continue;
    }
    double& flops = flops_of[training.network];
    if (flops == 0.0) flops = protocol::training_flops(*preset_.make(training.network, xs::seed(1)));
    Work::Item item{&training, nullptr, training.start, 0.0, false};
    item.work = flops * static_cast<double>(training.iterations) * static_cast<double>(settings_.batch);
    work.work += item.work;
    work.items.push_back(std::move(item));
  }
  std::set<std::string> judged;
  for (const protocol::Row& row : rows) {
    if (!judged.insert(name_of(row)).second) continue;
    bool ready = true;
    for (const std::string& name : plan_.needed(row)) ready = ready && done_.contains(name);
    if (ready && find_evaluated(row)) continue;
    work.items.push_back({nullptr, &row, row.ends, 0.0, false});
  }
  std::cout << plan_.trainings().size() << " trainings, " << known << " of them finished before; " << settings_.jobs
            << " at a time with " << settings_.threads << (settings_.threads == 1 ? " thread" : " threads") << " each"
            << std::endl;

  const auto is_ready = [&](const Work::Item& item) {
    const std::lock_guard lock(mutex_);
    return !item.taken && std::all_of(item.waits_for.begin(), item.waits_for.end(),
                                      [&](const std::string& name) { return done_.contains(name); });
  };
  const auto worker = [&] {
    std::unique_lock lock(work.mutex);
    while (!work.ended && work.finished < work.items.size()) {
      const auto next = std::find_if(work.items.begin(), work.items.end(), is_ready);
      if (next == work.items.end()) {
        if (std::all_of(work.items.begin(), work.items.end(), [](const Work::Item& i) { return i.taken; })) return;
        work.changed.wait(lock);
        continue;
      }
      next->taken = true;
      lock.unlock();
      std::exception_ptr error;
      bool stopped = stop_.load();
      try {
        if (!stopped && next->training != nullptr) stopped = !train(*next->training, work);
        if (!stopped && next->row != nullptr) evaluate(*next->row);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (error && !work.error) work.error = error;
      work.ended = work.ended || stopped || error != nullptr;
      ++work.finished;
      work.changed.notify_all();
    }
  };
  std::vector<std::thread> workers;
  for (std::size_t j = 0; j < std::max<std::size_t>(1, settings_.jobs); ++j) workers.emplace_back(worker);
  {  // overall progress: a line a minute, and at the end
    std::unique_lock lock(work.mutex);
    auto shown = Clock::now();
    while (!work.ended && work.finished < work.items.size()) {
      work.changed.wait_for(lock, std::chrono::seconds(1));
      const auto now = Clock::now();
      if (now - shown < std::chrono::seconds(60)) continue;
      shown = now;
      const double passed = std::chrono::duration<double>(now - work.start).count();
      const double share =
          work.work == 0.0 ? 1.0 : std::min(1.0, static_cast<double>(work.million_done.load()) * 1e6 / work.work);
      std::cout << xs::Table::number(100.0 * share) << " % done, " << work.finished << " of " << work.items.size()
                << " trainings and evaluations, " << xs::progress::duration(passed) << " passed, "
                << xs::progress::duration(share > 0.0 ? passed / share - passed : -1.0) << " left" << std::endl;
    }
  }
  for (std::thread& thread : workers) thread.join();
  if (work.error) std::rethrow_exception(work.error);
  return !work.ended;
}

}  // namespace paper
