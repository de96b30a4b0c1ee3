#include "runner.hpp"

#include <xstitch/train/progress.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <iostream>
#include <set>
#include <thread>

#include "made_here.hpp"
#include "metric_json.hpp"
#include "stage.hpp"
#include "together.hpp"

namespace protocol {
namespace {

using Clock = std::chrono::steady_clock;

xs::Json read_json(const std::filesystem::path& path) { return xs::Json::parse(xs::read_file(path), path.string()); }

}  // namespace

/// What is to be done, and how far it is. Work is counted in arithmetic operations.
struct Runner::Work {
  struct Item {
    const Training* training = nullptr;  ///< or the evaluation of `row`
    const Row* row = nullptr;
    std::vector<std::string> waits_for;  ///< trainings
    double work = 0.0;
    bool taken = false;
  };
  std::deque<Item> items;
  std::set<std::string> made;  ///< trainings of this run
  std::mutex mutex;
  std::condition_variable changed;
  std::exception_ptr error;
  std::size_t finished = 0, running = 0, workers = 0;
  bool ended = false;                          ///< stopped, or an error
  std::atomic<std::uint64_t> million_done{0};  ///< operations of this run
  double work = 0.0;
  Clock::time_point start = Clock::now();
};

std::string Runner::name_of(const Row& row) {
  std::string name;
  for (const std::string& end : row.ends) name += (name.empty() ? "" : "+") + end;
  return name;
}

xs::Json Runner::settings_of(const Training& t) const {
  xs::Json::Array start, mapping, alpha;
  for (const std::string& source : t.start) start.emplace_back(source);
  for (const auto& [from, to] : t.mapping) mapping.emplace_back(from + ">" + to);
  for (const float a : t.alpha) alpha.emplace_back(static_cast<double>(a));
  const float rate = t.learning_rate > 0.0F ? t.learning_rate : settings_.learning_rate;
  const float multiplier = t.alpha_multiplier > 0.0F ? t.alpha_multiplier : settings_.alpha_multiplier;
  return xs::Json()
      .set("network", t.network)
      .set("size", subject_.size())
      .set("seed", t.seed)
      .set("data_seed", t.data_seed)
      .set("data", subject_.describe_training())
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

bool Runner::find_finished(const Training& training) {
  std::string where = (settings_.folder / "trainings" / training.name / "result.json").string();
  xs::Json read;
  const xs::Json* json = record_.training(training.name);
  if (json != nullptr) {
    where = record_.folder().string() + ", training " + training.name;
  } else {
    if (!xs::file_exists(where)) return false;
    read = read_json(where);
    json = &read;
  }
  if (json->at("settings").text() != settings_of(training).text())
    xs::fail(where, ": the training was made with other settings; give another --output, or remove it. Found ",
             json->at("settings").text(), ", expected ", settings_of(training).text());
  const xs::Json& cost = json->at("cost");
  Done found{{cost.at("samples").number(), cost.at("flops").number(), cost.at("seconds").number()},
             json->at("state").string() == "diverged"};
  const xs::Json* made = json->find("made");
  if (made != nullptr && made->at("processor").string() == processor() && found.cost.seconds > 1.0 && !found.diverged)
    known_speed_ = found.cost.flops / found.cost.seconds;
  const std::lock_guard lock(mutex_);
  done_[training.name] = found;
  return true;
}

xs::Json Runner::training_result(const std::string& training) const {
  if (const xs::Json* known = record_.training(training)) return *known;
  return read_json(settings_.folder / "trainings" / training / "result.json");
}

bool Runner::train(const Training& training, Work& work) {
  const std::filesystem::path folder = settings_.folder / "trainings" / training.name;
  const auto net = subject_.make(training.network, xs::seed(training.seed));
  Done result{cost_of(*net, training, settings_.batch), false};
  std::string message;
  xs::Json alphas;
  std::vector<std::filesystem::path> sources;
  for (const std::string& source : training.start) {
    sources.push_back(network_file(source));
    if (!done(source).diverged) continue;
    result.diverged = true;
    message = "what it starts from diverged: " + source;
  }
  if (!result.diverged) {
    const std::shared_ptr<const TrainingSet> set = subject_.training_set(training);
    subject_.prepare(*net, training, sources);
    auto [sgd, options] = setup_of(subject_, training, settings_);
    const auto million = static_cast<std::uint64_t>(training_flops(*net) * 1e-6 * static_cast<double>(settings_.batch));
    options.after_step = [&](std::uint64_t, const xs::StepResult&) { work.million_done += million; };
    const xs::Distributed distributed = settings_.together ? settings_.together->distributed() : xs::Distributed{};
    if (settings_.together) settings_.together->begin(training, *net);
    xs::TrainingJob job(folder, {.resume = true, .stop = &halt_, .distributed = distributed});
    const xs::TrainResult run = train_stage(job, "training", *net, set->ref(), sgd, options, result.cost.seconds);
    if (run.reason == xs::StopReason::interrupted) return false;
    result.diverged = run.reason == xs::StopReason::not_finite;
    message = run.message;
    if (!result.diverged) {
      xs::save(*net, network_file(training.name), subject_.metadata(training));
      if (!training.alphas_frozen) alphas = sorted_alphas(*net);
    }
  }
  xs::make_folder(folder);
  xs::write_file_atomically(folder / "result.json", xs::Json()
                                                            .set("state", result.diverged ? "diverged" : "finished")
                                                            .set("message", message)
                                                            .set("settings", settings_of(training))
                                                            .set("made", made_here())
                                                            .set("cost", xs::Json()
                                                                             .set("samples", result.cost.samples)
                                                                             .set("flops", result.cost.flops)
                                                                             .set("seconds", result.cost.seconds))
                                                            .set("alphas", std::move(alphas))
                                                            .text(2) +
                                                        "\n");
  // The network is kept; the optimizer's state, as large again, is of no more use.
  std::filesystem::remove(folder / "training" / "last.safetensors");
  const std::lock_guard lock(mutex_);
  const auto known = done_.find(training.name);  // made again: what it cost when its rows were judged stays
  if (known == done_.end() || known->second.diverged != result.diverged) done_[training.name] = result;
  return true;
}

void Runner::remember(const Row& row, const xs::Json& json) {
  EvaluatedRow result;
  result.measured = json.at("measured").boolean();
  for (const auto& [task, values] : json.at("metrics").object()) result.metrics[task] = metrics_of(values);
  result.judged = json;
  std::vector<Cost> costs;
  for (const std::string& name : plan_.needed(row)) costs.push_back(done(name).cost);
  result.cost = cost_of(row, costs);
  const std::lock_guard lock(mutex_);
  evaluated_[name_of(row)] = std::move(result);
}

bool Runner::find_evaluated(const Row& row) {
  const std::string name = name_of(row);
  const std::filesystem::path file = settings_.folder / "evaluations" / (name + ".json");
  const auto fits = [&](const xs::Json& json) {  // else it was judged on another set
    return json.at("test").string() == subject_.describe_test();
  };
  if (xs::file_exists(file))
    if (const xs::Json json = read_json(file); fits(json)) {
      remember(row, json);
      return true;
    }
  const xs::Json* known = record_.evaluation(name);
  if (known == nullptr || !fits(*known)) return false;
  remember(row, *known);
  return true;
}

bool Runner::find(const Row& row) {
  for (const std::string& name : plan_.needed(row))
    if (!done_.contains(name) && !find_finished(plan_.find(name))) return false;
  return evaluated_.contains(name_of(row)) || find_evaluated(row);
}

void Runner::evaluate(const Row& row) {
  bool measured = true;
  std::vector<End> ends;
  for (const std::string& end : row.ends) {
    measured = measured && !done(end).diverged;
    ends.push_back({&plan_.find(end), network_file(end)});
  }
  xs::Json json =
      measured ? subject_.judge(row, ends, settings_.threads) : xs::Json().set("metrics", xs::Json{xs::Json::Object{}});
  json.set("test", subject_.describe_test()).set("measured", measured);
  xs::make_folder(settings_.folder / "evaluations");
  xs::write_file_atomically(settings_.folder / "evaluations" / (name_of(row) + ".json"), json.text() + "\n");
  remember(row, json);
}

const EvaluatedRow& Runner::evaluated(const Row& row) const {
  const std::lock_guard lock(mutex_);
  const auto found = evaluated_.find(name_of(row));
  if (found == evaluated_.end()) xs::fail("row \"", row.method, "\" was not evaluated");
  return found->second;
}

RowResult Runner::result(const Row& row, const std::vector<Column>& columns) const {
  const EvaluatedRow& of = evaluated(row);
  RowResult result{row.method, row.seed, {}, of.cost};
  for (const Column& column : columns) {
    xs::MetricValue value{column.metric, 0.0, "", true, false};
    if (const auto task = of.metrics.find(column.task); task != of.metrics.end())
      for (const xs::MetricValue& v : task->second)
        if (v.name == column.metric) value = v;
    result.values.push_back(value);
  }
  return result;
}

void Runner::fill(const std::vector<Row>& rows, Work& work) {
  std::vector<const Row*> ordered;
  for (const Row& row : rows) ordered.push_back(&row);
  std::stable_sort(ordered.begin(), ordered.end(), [](const Row* a, const Row* b) { return a->seed < b->seed; });
  std::map<std::string, double> flops_of;  // by network
  std::set<std::string> wanted, finished, judged, planned;
  std::size_t again = 0;
  const std::function<void(const std::string&)> plan_training = [&](const std::string& name) {
    const bool known = done_.contains(name);
    if ((known && (done_.at(name).diverged || has_network(name))) || !planned.insert(name).second) return;
    again += known ? 1 : 0;
    const Training& training = plan_.find(name);
    for (const std::string& source : training.start) plan_training(source);
    double& flops = flops_of[training.network];
    if (flops == 0.0) flops = training_flops(*subject_.make(training.network, xs::seed(1)));
    Work::Item item{&training, nullptr, {}, 0.0, false};
    for (const std::string& source : training.start)
      if (planned.contains(source)) item.waits_for.push_back(source);
    item.work = flops * static_cast<double>(training.iterations) * static_cast<double>(settings_.batch);
    work.work += item.work;
    work.items.push_back(std::move(item));
  };
  for (const Row* row : ordered) {
    if (!judged.insert(name_of(*row)).second) continue;
    bool ready = true;
    for (const std::string& name : plan_.needed(*row)) {
      wanted.insert(name);
      const bool known = done_.contains(name) || find_finished(plan_.find(name));
      if (known) finished.insert(name);
      ready = ready && known;
    }
    if (ready && find_evaluated(*row)) continue;
    Work::Item item{nullptr, row, {}, 0.0, false};
    for (const std::string& end : row->ends) {
      plan_training(end);
      if (planned.contains(end)) item.waits_for.push_back(end);
    }
    work.items.push_back(std::move(item));
  }
  std::cout << wanted.size() << " trainings, " << finished.size() << " of them finished before; " << settings_.jobs
            << " at a time with " << settings_.threads << (settings_.threads == 1 ? " thread" : " threads") << " each";
  if (again > 0) std::cout << "; " << again << " are made again, for their networks are not here";
  std::cout << std::endl;
}

/// By the speed of this run, once it says something, else by what is known of this processor. What is not known fits.
bool Runner::fits(const Work& work, double operations) const {
  if (settings_.stop_after <= 0.0) return true;
  const double passed = std::chrono::duration<double>(Clock::now() - work.start).count();
  const double done = static_cast<double>(work.million_done.load()) * 1e6;
  const double speed = passed > 60.0 && done > 0.0 ? done / passed / static_cast<double>(settings_.jobs) : known_speed_;
  return speed <= 0.0 || passed + 1.1 * operations / speed < settings_.stop_after;
}

void Runner::work_on(Work& work) {
  const auto is_ready = [&](const Work::Item& item) {
    return !item.taken && std::all_of(item.waits_for.begin(), item.waits_for.end(),
                                      [&](const std::string& name) { return work.made.contains(name); });
  };
  std::unique_lock lock(work.mutex);
  while (!work.ended) {
    const auto next = std::find_if(work.items.begin(), work.items.end(), is_ready);
    if (next == work.items.end()) {
      if (work.running == 0) break;  // all is done, or waits for what is left out
      work.changed.wait(lock);
      continue;
    }
    next->taken = true;
    if (next->training != nullptr && !fits(work, next->work)) continue;
    ++work.running;
    lock.unlock();
    std::exception_ptr error;
    bool stopped = halt_.load();
    try {
      if (!stopped && next->training != nullptr) stopped = !train(*next->training, work);
      if (!stopped && next->row != nullptr) evaluate(*next->row);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    --work.running;
    if (error && !work.error) work.error = error;
    work.ended = work.ended || stopped || error != nullptr;
    if (!stopped && !error) {
      ++work.finished;
      if (next->training != nullptr) work.made.insert(next->training->name);
    }
    work.changed.notify_all();
  }
  --work.workers;
  work.changed.notify_all();
}

RunEnd Runner::run(const std::vector<Row>& rows) {
  Work work;
  halt_ = false;
  fill(rows, work);
  work.start = Clock::now();
  work.workers = std::max<std::size_t>(1, settings_.jobs);
  std::vector<std::thread> workers;
  for (std::size_t j = work.workers; j-- > 0;) workers.emplace_back([&] { work_on(work); });
  {  // the two ends; overall progress: a line a minute
    std::unique_lock lock(work.mutex);
    auto shown = Clock::now();
    while (work.workers > 0) {
      work.changed.wait_for(lock, std::chrono::milliseconds(200));
      const auto now = Clock::now();
      const double passed = std::chrono::duration<double>(now - work.start).count();
      if (stop_ || (settings_.stop_after > 0.0 && passed > settings_.stop_after)) halt_ = true;
      if (now - shown < std::chrono::seconds(60)) continue;
      shown = now;
      const double share =
          work.work == 0.0 ? 1.0 : std::min(1.0, static_cast<double>(work.million_done.load()) * 1e6 / work.work);
      std::cout << xs::Table::number(100.0 * share) << " % done, " << work.finished << " of " << work.items.size()
                << " trainings and evaluations, " << xs::progress::duration(passed) << " passed, "
                << xs::progress::duration(share > 0.0 ? passed / share - passed : -1.0) << " left" << std::endl;
      lock.unlock();
      record_.add(settings_.folder);  // what a machine that vanishes leaves
      lock.lock();
    }
  }
  for (std::thread& thread : workers) thread.join();
  record_.add(settings_.folder);
  if (work.error) std::rethrow_exception(work.error);
  if (work.finished == work.items.size()) return RunEnd::finished;
  return stop_ ? RunEnd::stopped : RunEnd::out_of_time;
}

}  // namespace protocol
