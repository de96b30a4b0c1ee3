#pragma once
/// \file
/// Several trainings one after the other, each from what came before (one-task networks, then the stitched pair).
///
///     xs::TrainingJob job("out", {.resume = true, .stop = &interrupt.flag()});
///     job.train("segmentation", one_task_a, data, sgd, {.iterations = 1000});
///     job.train("normals", one_task_b, data, sgd, {.iterations = 1000});
///     xs::initialise_from(stitched, one_task_a);  xs::initialise_from(stitched, one_task_b);
///     job.train("stitched", stitched, data, sgd, {.iterations = 1000});
///
/// The job's folder holds job.json, which says how far the job is, and a folder for each stage with checkpoints and
/// log. With `resume`, a finished stage is loaded instead of trained, and the others continue from their last
/// checkpoint. After a stage that did not finish, the following ones do nothing and say so in their results.
///
/// A job has a random identity, in job.json and in its checkpoints: it never continues from another job's. What an
/// older job left of a stage is removed, and that is on the disk, before job.json names the stage. One process at a
/// time works in a folder (io/folder_lock.hpp).

#include <xstitch/train/trainer.hpp>

#include <atomic>
#include <filesystem>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {

/// How a job is made.
struct JobOptions {
  bool resume = false;                      ///< else the job starts again and forgets what is in the folder
  const std::atomic<bool>* stop = nullptr;  ///< given to every stage
  Distributed distributed{};                ///< given to every stage; rank 0 alone writes into the folder
};

/// A folder with everything of a training: settings, checkpoints, log, report.
class TrainingJob {
 public:
  /// Opens or makes the folder; a second process is refused.
  XSTITCH_INLINE explicit TrainingJob(std::filesystem::path folder, const JobOptions& options = {})
      : folder_(std::move(folder)), options_(options) {
    lead([&] { begin(); });
    tell_manifest();
  }

  /// Trains a stage, or loads it if it is finished. Checkpoints and log are placed by the job.
  XSTITCH_INLINE TrainResult train(const std::string& stage, AnyNet& net, const DataSetRef& data,
                                   const OptimizerRef& optimizer, TrainOptions options) {
    check_name(stage);
    if (!complete_) {
      TrainResult result;
      result.reason = StopReason::interrupted;
      result.message = "not begun: the stage before did not finish";
      return result;
    }
    const std::filesystem::path folder = folder_ / stage;
    Json* entry = find(stage);
    options.checkpoint_directory = folder;
    options.log_file = folder / "log.jsonl";
    options.resume = entry != nullptr;  // of this job: what an older one left in the folder is not continued
    options.job = id_;
    if (options.distributed.ranks && !options_.distributed.ranks)
      fail("job: found TrainOptions::distributed without JobOptions::distributed, expected it there");
    options.distributed = options_.distributed;
    if (options.name.empty()) options.name = stage;
    if (!options_.distributed.leads()) options.output = nullptr;
    if (!lock_.note().empty() && options.output != nullptr) *options.output << lock_.note() << std::endl;
    if (options.stop == nullptr) options.stop = options_.stop;
    // Before the manifest holds the stage: with wrong options in it, it could not be begun with the right ones.
    std::uint64_t total = 0;
    TrainingIdentity identity;
    together([&] {
      total = trainer::check(net, data, optimizer, options);
      identity = trainer::identify(net, data, optimizer, options, total);
      if (entry != nullptr && options.distributed.ranks)  // a resume on other ranks keeps the slices
        identity.accumulate = entry->at("settings").at("accumulate").whole();
    });
    const Json settings = identity.to_json().set("total", total);
    if (entry != nullptr)
      if (const std::string text = training_state::differences(entry->at("settings"), settings); !text.empty())
        fail("stage \"", stage, "\" in ", manifest_path().string(),
             " was trained with other settings; start again without resume, or in another folder:", text);
    if (entry != nullptr && entry->at("state").string() == "finished")
      return load_finished(folder, net, optimizer, identity, total, options);
    if (entry == nullptr) lead([&] { forget(folder); });
    set_state(stage, "running", settings);

    TrainResult result = xstitch::train(net, data, optimizer, options);
    complete_ = result.finished();
    set_state(stage,
              result.finished()                          ? "finished"
              : result.reason == StopReason::interrupted ? "interrupted"
                                                         : "not finite",
              settings);
    return result;
  }

  /// Whether every stage so far has finished.
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  /// As it was opened.
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// Whether this process writes: of several ranks the first, the others need no folder.
  [[nodiscard]] bool leads() const noexcept { return options_.distributed.leads(); }
  /// "finished", "running" (or killed while it ran), "interrupted", "not finite"; empty for a stage not begun.
  [[nodiscard]] std::string state(const std::string& stage) const {
    for (const Json& entry : stages_)
      if (entry.at("name").string() == stage) return entry.at("state").string();
    return {};
  }

 private:
  /// On rank 0; what it throws, all throw.
  template <class Function>
  void lead(const Function& f) {
    together([&] {
      if (options_.distributed.leads()) f();
    });
  }
  template <class Function>
  void together(const Function& f) {
    if (options_.distributed.ranks)
      options_.distributed.ranks->together(f);
    else
      f();
  }
  void begin() {
    make_folder(folder_);
    lock_ = FolderLock(folder_);
    remove_partial_files(folder_);
    if (options_.resume && file_exists(manifest_path())) return read_manifest();
    if (options_.resume) refuse_lost_manifest();
    id_ = random_id();
    write_manifest();
  }
  XSTITCH_INLINE void tell_manifest() {
    if (!options_.distributed.ranks) return;
    std::string text = Json().set("job", id_).set("stages", stages_).text();
    options_.distributed.ranks->broadcast_text(0, text);
    const Json told = Json::parse(text, "manifest of rank 0");
    id_ = told.at("job").string();
    stages_ = told.at("stages").array();
  }

  [[nodiscard]] std::filesystem::path manifest_path() const { return folder_ / "job.json"; }

  static void check_name(const std::string& stage) {
    const bool plain = !stage.empty() && stage != "." && stage != ".." && stage.find('/') == std::string::npos;
    if (!plain) fail("job: \"", stage, "\" cannot name a stage, because it names a folder, too");
  }

  Json* find(const std::string& stage) {
    for (Json& entry : stages_)
      if (entry.at("name").string() == stage) return &entry;
    return nullptr;
  }

  /// Before a stage begins: what an older job left of it goes, for good.
  XSTITCH_INLINE static void forget(const std::filesystem::path& folder) {
    const CheckpointFolder checkpoints(folder);
    const FolderLock lock = checkpoints.lock();
    checkpoints.prepare(false);
  }
  /// Without job.json every stage would begin again, and its checkpoints be removed.
  XSTITCH_INLINE void refuse_lost_manifest() const {
    for (const std::string& name : file::names_in(folder_))
      if (const std::filesystem::path last = folder_ / name / "last.safetensors"; file_exists(last))
        fail(manifest_path().string(), " is missing, but ", last.string(),
             " is there: the job cannot be resumed. Bring job.json back, or move the checkpoints away, or start again "
             "without resume, which removes them");
  }
  XSTITCH_INLINE static std::string random_id() {
    std::random_device random;
    std::string id;
    for (int k = 0; k < 4; ++k) id += checksums::hexadecimal(random());
    return id;
  }

  XSTITCH_INLINE TrainResult load_finished(const std::filesystem::path& folder, AnyNet& net,
                                           const OptimizerRef& optimizer, const TrainingIdentity& identity,
                                           std::uint64_t total, const TrainOptions& options) {
    Training training(net, optimizer);
    const auto average = AveragedWeights::make(net, options.weight_average);
    std::optional<checkpoint::Found> found;
    lead([&] {
      checkpoint::Wanted wanted = trainer::wanted(options, total);
      wanted.finished = true;
      found = checkpoint::read(folder / "last.safetensors", training, identity, wanted, average.get());
    });
    if (options_.distributed.ranks) shared_state::tell(*options_.distributed.ranks, training, average.get(), found);
    TrainResult result;
    if (average) result.average = average->copy();
    result.iterations = total;
    result.message = "finished before; loaded from " + (folder / "last.safetensors").string();
    if (options.output != nullptr) *options.output << folder.filename().string() << ": " << result.message << std::endl;
    return result;
  }

  XSTITCH_INLINE void set_state(const std::string& stage, const char* state, const Json& settings) {
    Json* entry = find(stage);
    if (entry == nullptr) {
      stages_.push_back(Json().set("name", stage));
      entry = &stages_.back();
    }
    entry->set("state", state).set("settings", settings);
    lead([&] { write_manifest(); });
  }

  XSTITCH_INLINE void write_manifest() const {
    write_file_atomically(manifest_path(),
                          Json().set("version", 2).set("job", id_).set("stages", stages_).text(2) + "\n");
  }

  XSTITCH_INLINE void read_manifest() {
    const std::string name = manifest_path().string();
    const Json manifest = Json::parse(read_file(manifest_path()), name);
    try {
      if (manifest.at("version").whole() != 2) fail("version ", manifest.at("version").whole(), ", expected 2");
      id_ = manifest.at("job").string();
      stages_ = manifest.at("stages").array();
      for (const Json& entry : stages_) {
        (void)entry.at("name").string();
        (void)entry.at("state").string();
        (void)entry.at("settings").object();
      }
    } catch (const Error& error) {
      fail(name, ": ", error.what());
    }
  }

  std::filesystem::path folder_;
  JobOptions options_;
  FolderLock lock_;
  std::string id_;
  Json::Array stages_;
  bool complete_ = true;
};

}  // namespace xstitch::inline XSTITCH_ISA
