// Training steps of several ranks, timed, with a profile of where they spend it; and what the cost model has to know of
// a network. See --help; docs/scaling.md says what was measured.

#include "mpi/timed_ranks.hpp"
#include "support/arguments.hpp"
#include "support/figures.hpp"
#include "support/work.hpp"

#include <xstitch/run/describe.hpp>
#include <xstitch/run/ordered_reduction.hpp>

#include <cstdio>
#include <exception>

namespace {

using namespace bench;

constexpr std::string_view own_usage =
    "  --batch is that of a rank. Of several ranks, too:\n"
    "  --first-bucket KB --bucket KB   sizes of buckets (the library's)\n"
    "  --no-factors      gradients of Linear layers as gradients\n"
    "  --no-thread       send and compute by one thread\n"
    "  --bf16            gradients rounded on the wire\n"
    "  --reduce          one rank, too, goes the way of several\n"
    "  --nice N          priority of the thread that sends, 0 to 19\n"
    "  --pretend MS      nothing is computed: forward and backward are MS milliseconds of sleep\n"
    "  --sizes           nothing runs: what the network's operations compute and send, as JSON\n"
    "  --profile         where the time goes; ranks meet before each call, which costs a little\n";

struct Options {
  Arguments of_step;
  xs::ReductionOptions reduction;
  double pretend = 0.0;  ///< seconds
  int nice = 0;
  bool sizes = false, reduce = false;
};

Options read(int count, char** values) {
  Options options;
  std::vector<char*> others{values[0]};
  for (int i = 1; i < count; ++i) {
    const std::string_view option = values[i];
    const auto number = [&] { return read_number(option, i + 1 < count ? values[++i] : "", 1U << 30U); };
    if (option == "--first-bucket")
      options.reduction.first_bucket = number() << 10U;
    else if (option == "--bucket")
      options.reduction.bucket = number() << 10U;
    else if (option == "--no-factors")
      options.reduction.factors = false;
    else if (option == "--no-thread")
      options.reduction.thread = false;
    else if (option == "--bf16")
      options.reduction.bf16 = true;
    else if (option == "--reduce")
      options.reduce = true;
    else if (option == "--nice")
      options.nice = static_cast<int>(number());
    else if (option == "--pretend")
      options.pretend = 1e-3 * static_cast<double>(number());
    else if (option == "--sizes")
      options.sizes = true;
    else
      others.push_back(values[i]);
  }
  options.of_step = read_arguments(static_cast<int>(others.size()), others.data());
  return options;
}

/// Elements of running statistics, which are averaged at the end of a step.
std::size_t statistics(const xs::AnyNet& net) {
  std::size_t count = 0;
  for (const xs::ParameterSlot& slot : net.parameters())
    if (slot.spec.group == xs::ParameterGroup::buffer) count += slot.count;
  return count;
}

/// Operations in backward order: floating-point operations a sample forward and backward, elements of gradient; and of
/// fully connected layers the rows a sample and the extents of the factors.
void print_sizes(const xs::AnyNet& net) {
  const xs::Program& program = net.program();
  std::printf("{\"parameters\": %zu, \"statistics\": %zu, \"operations\": [", weight_count(net), statistics(net));
  const char* separator = "";
  for (std::size_t i = program.ops.size(); i-- > 0;) {
    const xs::Op& op = program.ops[i];
    std::size_t gradient = 0;
    bool trained = false;
    for (std::size_t p = 0; p < net.layout().parameter_count(i); ++p) {
      const xs::ParameterSlot& slot = net.parameters()[net.layout().first_parameter(i) + p];
      if (slot.spec.group == xs::ParameterGroup::buffer || slot.spec.learning_rate_multiplier == 0.0F) continue;
      gradient += slot.count;
      trained = trained || slot.spec.group == xs::ParameterGroup::weight;
    }
    const bool layer = op.chain != xs::none && !op.is_loss;
    const double forward = layer ? 2.0 * static_cast<double>(op.record->multiply_adds) : 0.0;
    const double backward = forward * ((trained ? 1.0 : 0.0) + (layer && needs_gradient(program, op) ? 1.0 : 0.0));
    std::size_t rows = 0, inputs = 0, outputs = 0;
    if (layer && op.record->kind == "Linear") {
      inputs = static_cast<std::size_t>(op.record->parameters[0].extents.size[0]);
      outputs = static_cast<std::size_t>(op.record->parameters[0].extents.size[1]);
      rows = op.record->inputs[0].size() / inputs;
    }
    if (forward == 0.0 && gradient == 0) continue;
    std::printf(
        "%s\n {\"name\": \"%s\", \"forward\": %.0f, \"backward\": %.0f, \"gradient\": %zu, \"rows\": %zu, "
        "\"inputs\": %zu, \"outputs\": %zu}",
        separator, layer ? xs::full_name(program, op).c_str() : std::string(op.place).c_str(), forward, backward,
        gradient, rows, inputs, outputs);
    separator = ",";
  }
  std::printf("]}\n");
}

/// The calls of a step of Training on its reduction, with sleep in place of computing: what the network between the
/// ranks costs, on a machine with fewer processors than ranks.
class Pretence {
 public:
  Pretence(const xs::AnyNet& net, xs::Reduction& reduction, std::size_t batch, double seconds)
      : net_(net), reduction_(reduction), samples_(reduction.ranks(), batch), seconds_(seconds) {
    std::size_t floats = 0;
    for (const xs::ParameterSlot& slot : net.parameters()) floats += slot.count;
    gradients_.resize(floats);
    for (const xs::Op& op : net.program().ops) all_ += 3.0 * static_cast<double>(op.record->multiply_adds);
  }
  void step(xs::ThreadPool& threads) {
    std::vector<double> own(net_.heads().size() + 1), all(own.size() * reduction_.ranks());
    for (int i = 0; i < 2; ++i) reduction_.gather(own, all);  // samples, normalisers
    rest(1.0 / 3.0);
    reduction_.gather(own, all);  // losses
    xs::ReductionRound round{.at_work = samples_.size(), .size = samples_.size() * samples_[0]};
    round.samples = {samples_.data(), samples_.size()};
    reduction_.begin(round);
    std::size_t at = 0;
    for (std::size_t i = net_.program().ops.size(); i-- > 0;) {
      rest(2.0 * static_cast<double>(net_.program().ops[i].record->multiply_adds) / all_);
      for (std::size_t p = 0; p < net_.layout().parameter_count(i); ++p) {
        const std::size_t slot = net_.layout().first_parameter(i) + p, size = net_.parameters()[slot].count;
        if (net_.parameters()[slot].spec.group == xs::ParameterGroup::buffer) continue;
        reduction_.start(slot, {gradients_.data() + at, size});
        at += size;
      }
    }
    reduction_.finish(threads);
    own.assign(statistics(net_), 0.0);
    all.resize(own.size() * reduction_.ranks());
    reduction_.gather(own, all);
  }

 private:
  void rest(double share) {
    due_ += share * seconds_;
    if (due_ < 1e-3) return;
    std::this_thread::sleep_for(std::chrono::duration<double>(std::exchange(due_, 0.0)));
  }

  const xs::AnyNet& net_;
  xs::Reduction& reduction_;
  std::vector<std::size_t> samples_;
  double seconds_, all_ = 0.0, due_ = 0.0;
  std::vector<float> gradients_;
};

/// With clocks around the end of a reduction: what follows it in a step is the update.
class TimedReduction final : public xs::OrderedReduction {
 public:
  using OrderedReduction::OrderedReduction;
  void finish(xs::ThreadPool& threads) override {
    const double start = now(), processor = processor_seconds();
    OrderedReduction::finish(threads);
    last = now();
    finishing += last - start;
    multiplying += processor_seconds() - processor;
  }

  double finishing = 0.0, multiplying = 0.0;  ///< seconds; the second without waiting
  double last = 0.0;                          ///< when it was done
};

int run(const Options& options, xs::Mpi& mpi) {
  const Arguments& arguments = options.of_step;
  const std::unique_ptr<Network> network = make_network(arguments.wanted);
  if (options.sizes) {
    print_sizes(network->net());
    return 0;
  }
  const auto ranks =
      std::make_shared<TimedRanks>(mpi.ranks(), options.reduction.thread, arguments.profile, options.nice);
  const std::size_t count = ranks->ranks(), all_samples = arguments.batch * count;
  const xs::Batch batch = random_batch(network->net(), arguments.batch, ranks->rank());
  const xs::Sgd sgd{.learning_rate = 0.0005F, .momentum = 0.9F, .weight_decay = 0.0005F, .alpha_multiplier = 100.0F};
  xs::ThreadPool threads(arguments.threads);
  xs::Training& training = network->training(sgd);
  const auto reduction = std::make_shared<TimedReduction>(ranks, network->net(),
                                                          options.pretend > 0.0 ? 0 : all_samples, options.reduction);
  if (count > 1 || options.reduce) training.set_reduction(reduction);
  std::optional<Pretence> pretence;
  if (options.pretend > 0.0) pretence.emplace(network->net(), *reduction, arguments.batch, options.pretend);

  std::vector<double> seconds(arguments.steps);
  double loss = 0.0, updating = 0.0;
  std::uint64_t number = 0;
  const auto step = [&] {
    if (pretence) return pretence->step(threads);
    const xs::StepResult& result = training.step(batch, {.step = number++, .accumulate = count}, threads);
    if (!result.finite) xs::fail("step ", number, ": the loss is not finite, first at ", result.location);
    loss = result.total;
  };
  for (int warm_up = 0; warm_up < 2; ++warm_up) step();
  ranks->restart();
  reduction->finishing = reduction->multiplying = 0.0;
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  for (double& taken : seconds) {
    const double start = now();
    step();
    const double end = now();
    taken = end - start;
    if (reduction->last > start) updating += end - reduction->last;
  }
  getrusage(RUSAGE_SELF, &after);
  const SendingTimes times = ranks->times();
  const std::vector<double> mine = seconds;
  // A step ends when the slowest rank's does: median of that.
  std::vector<double> of_all(count * seconds.size());
  ranks->gather_values(std::span<const double>(seconds), std::span(of_all));
  for (std::size_t i = 0; i < of_all.size(); ++i)
    seconds[i % seconds.size()] = std::max(seconds[i % seconds.size()], of_all[i]);
  const auto processor = [](const rusage& used) {
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  };
  if (ranks->rank() != 0) return 0;

  const double steps = static_cast<double>(arguments.steps), middle = median(seconds);
  Figures figures;
  figures.add("network", arguments.wanted.network);
  figures.add("model", arguments.wanted.model);
  figures.add("width", static_cast<std::size_t>(arguments.wanted.width));
  figures.add("ranks", count);
  figures.add("batch_of_a_rank", arguments.batch);
  figures.add("threads", arguments.threads);
  figures.add("steps", arguments.steps);
  figures.add("seconds_per_step", middle);
  figures.add("seconds_per_step_least", *std::min_element(seconds.begin(), seconds.end()));
  figures.add("seconds_per_step_most", *std::max_element(seconds.begin(), seconds.end()));
  figures.add("images_per_second", static_cast<double>(all_samples) / middle);
  figures.add("processor_seconds_per_step", (processor(after) - processor(before)) / steps);
  figures.add("megabytes_sent_per_step", 1e-6 * times.bytes / steps);
  double all = 0.0;
  for (const double taken : mine) all += taken;
  figures.add("computing_seconds", (all - times.agreeing - reduction->finishing - updating) / steps);
  figures.add("agreeing_seconds", times.agreeing / steps);
  figures.add("finishing_seconds", reduction->finishing / steps);
  figures.add("multiplying_seconds", reduction->multiplying / steps);
  figures.add("updating_seconds", updating / steps);
  if (arguments.profile) {
    figures.add("waiting_seconds", times.waiting / steps);
    figures.add("sending_seconds", times.sending / steps);
    figures.add("adding_seconds", times.adding / steps);
    figures.add("copying_seconds", times.copying / steps);
  }
  figures.add("loss", loss);
  figures.print(arguments.json);
  return 0;
}

}  // namespace

int main(int count, char** values) {
  try {
    const Options options = read(count, values);
    if (options.of_step.help) {
      std::fputs((usage("mpirun -np N train_ranks") + std::string(own_usage)).c_str(), stdout);
      return 0;
    }
    xs::Mpi mpi(count, values);
    return run(options, mpi);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train_ranks: %s\n", error.what());
    return 1;
  }
}
