#include "together.hpp"

#include <xstitch/train/balance/dynamic_weight_average.hpp>
#include <xstitch/train/balance/famo.hpp>
#include <xstitch/train/balance/grad_norm.hpp>
#include <xstitch/train/balance/pc_grad.hpp>
#include <xstitch/train/balance/uncertainty.hpp>

#include <algorithm>
#include <span>
#include <utility>

#include "stage.hpp"

namespace protocol {
namespace {

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

/// What the others need of a training. Its initial values come from the first process.
xs::Json json_of(const Training& t) {
  return xs::Json()
      .set("name", t.name)
      .set("network", t.network)
      .set("variant", t.variant)
      .set("seed", std::to_string(t.seed))
      .set("data_seed", std::to_string(t.data_seed))
      .set("iterations", t.iterations)
      .set("alpha", xs::Json::Array{static_cast<double>(t.alpha[0]), static_cast<double>(t.alpha[1])})
      .set("alphas_frozen", t.alphas_frozen)
      .set("learning_rate", static_cast<double>(t.learning_rate))
      .set("alpha_multiplier", static_cast<double>(t.alpha_multiplier))
      .set("balance", t.balance);
}
Training training_of(const xs::Json& json) {
  Training t;
  t.name = json.at("name").string();
  t.network = json.at("network").string();
  t.variant = json.at("variant").string();
  t.seed = std::stoull(json.at("seed").string());
  t.data_seed = std::stoull(json.at("data_seed").string());
  t.iterations = json.at("iterations").whole();
  for (std::size_t k = 0; k < 2; ++k) t.alpha[k] = static_cast<float>(json.at("alpha").array().at(k).number());
  t.alphas_frozen = json.at("alphas_frozen").boolean();
  t.learning_rate = static_cast<float>(json.at("learning_rate").number());
  t.alpha_multiplier = static_cast<float>(json.at("alpha_multiplier").number());
  t.balance = json.at("balance").string();
  return t;
}

}  // namespace

Setup setup_of(const Subject& subject, const Training& training, const RunSettings& settings) {
  Setup setup{
      {.learning_rate = training.learning_rate > 0.0F ? training.learning_rate : settings.learning_rate,
       .momentum = 0.9F,
       .weight_decay = settings.weight_decay,
       .alpha_multiplier = training.alpha_multiplier > 0.0F ? training.alpha_multiplier : settings.alpha_multiplier},
      subject.options(training, settings.batch, settings.threads)};
  setup.options.checkpoint_every = settings.checkpoint_every;
  setup.options.log_every = std::max<std::uint64_t>(1, training.iterations / 50);
  setup.options.balance = balance_of(training.balance);
  setup.options.output = nullptr;
  return setup;
}

Together::Together(std::shared_ptr<xs::Ranks> ranks) : ranks_(std::move(ranks)) {
  if (!ranks_->any_thread())
    xs::fail(
        "--distributed: this MPI lets the first thread alone send (no MPI_THREAD_SERIALIZED), found no way to run "
        "the plan's trainings, which have a thread of their own");
}

void Together::tell(std::string& text) {
  std::uint64_t size = text.size();
  ranks_->await(0, std::as_writable_bytes(std::span(&size, 1)));
  text.resize(size);
  if (size > 0) ranks_->await(0, std::as_writable_bytes(std::span(text)));
}
void Together::share_parameters(xs::AnyNet& net) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    ranks_->broadcast(0, std::as_writable_bytes(net.mutable_parameter(i)));
}

void Together::begin(const Training& training, xs::AnyNet& net) {
  std::string text = json_of(training).text();
  tell(text);
  share_parameters(net);
}

void Together::end() {
  std::string nothing;
  tell(nothing);
}

void Together::follow(Subject& subject, const RunSettings& settings, const std::atomic<bool>& stop) {
  for (;;) {
    std::string text;
    tell(text);
    if (text.empty()) return;
    const Training training = training_of(xs::Json::parse(text, "a training that the first process begins"));
    const auto net = subject.make(training.network, xs::seed(training.seed));
    const std::shared_ptr<const TrainingSet> set = subject.training_set(training);
    subject.prepare(*net, training, {});
    share_parameters(*net);
    const Setup setup = setup_of(subject, training, settings);
    xs::TrainingJob job(settings.folder / "trainings" / training.name,
                        {.resume = true, .stop = &stop, .distributed = distributed()});
    double seconds = 0.0;
    (void)train_stage(job, "training", *net, set->ref(), setup.sgd, setup.options, seconds);
  }
}

}  // namespace protocol
