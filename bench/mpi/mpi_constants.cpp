// What the cost model of docs/scaling.md needs of a network and of a processor, measured between the ranks of mpirun:
// messages to and fro, the exchanges of a reduction, and its arithmetic.

#include "support/figures.hpp"
#include "support/machine.hpp"

#include <xstitch/mpi/mpi.hpp>
#include <xstitch/run/wire.hpp>

#include <charconv>
#include <cstdio>
#include <functional>
#include <string_view>

namespace {

using namespace bench;
namespace xs = xstitch;

constexpr std::string_view usage =
    "Usage: mpirun -np N mpi_constants [--repeats R] [--megabytes M] [--json]\n"
    "  Medians of R (15) messages of up to M (32) MB, reported by rank 0.\n";

struct Arguments {
  std::size_t repeats = 15, megabytes = 32;
  bool json = false, help = false;
};

Arguments read_arguments(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view option = values[i];
    if (option == "--json" || option == "--help") {
      (option == "--json" ? arguments.json : arguments.help) = true;
      continue;
    }
    if (option != "--repeats" && option != "--megabytes") xs::fail("unknown option ", option, "; try --help");
    const std::string_view text = i + 1 < count ? values[++i] : "";
    std::size_t& value = option == "--repeats" ? arguments.repeats : arguments.megabytes;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > 1000)
      xs::fail(option, ": found '", text, "', expected a number from 1 to 1000");
  }
  return arguments;
}

/// T(bytes) = latency + bytes / bandwidth, where relative errors are least.
struct Line {
  double latency = 0.0, bandwidth = 0.0;
};
Line fit(const std::vector<std::pair<double, double>>& points) {
  double w = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
  for (const auto& [bytes, seconds] : points) {
    const double weight = 1.0 / (seconds * seconds);
    w += weight;
    x += weight * bytes;
    y += weight * seconds;
    xx += weight * bytes * bytes;
    xy += weight * bytes * seconds;
  }
  const double slope = (w * xy - x * y) / (w * xx - x * x);
  return {std::max(0.0, (y - slope * x) / w), 1.0 / slope};
}

class Bench {
 public:
  Bench(xs::Ranks& ranks, const Arguments& arguments)
      : ranks_(ranks),
        arguments_(arguments),
        own_(arguments.megabytes << 20U),
        all_(own_.size() + 64 * ranks.ranks()) {}

  void run() {
    figures_.add("ranks", ranks_.ranks());
    figures_.add("repeats", arguments_.repeats);
    if (ranks_.ranks() > 1) {
      to_and_fro();
      collectives();
    }
    arithmetic();
    if (ranks_.rank() == 0) figures_.print(arguments_.json);
  }

 private:
  /// Seconds of f, which all ranks run: the median over repeats of what the slowest took.
  double seconds(const std::function<void()>& f) {
    std::vector<double> taken;
    for (std::size_t i = 0; i < arguments_.repeats + 2; ++i) {
      MPI_Barrier(MPI_COMM_WORLD);
      const double start = now();
      f();
      const double mine = now() - start;
      std::vector<double> of_all(ranks_.ranks());
      ranks_.gather_values(std::span(&mine, 1), std::span(of_all));
      if (i >= 2) taken.push_back(*std::max_element(of_all.begin(), of_all.end()));
    }
    return median(taken);
  }
  /// Half a round trip between the first two ranks.
  void to_and_fro() {
    const auto time = [&](std::size_t bytes, int times) {
      return seconds([&] {
               for (int i = 0; i < times && ranks_.rank() < 2; ++i) {
                 const int other = 1 - static_cast<int>(ranks_.rank()), n = static_cast<int>(bytes);
                 if (ranks_.rank() == 0) MPI_Send(own_.data(), n, MPI_BYTE, other, 0, MPI_COMM_WORLD);
                 MPI_Recv(all_.data(), n, MPI_BYTE, other, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                 if (ranks_.rank() == 1) MPI_Send(own_.data(), n, MPI_BYTE, other, 0, MPI_COMM_WORLD);
               }
             }) /
             times / 2;
    };
    const std::size_t most = std::min<std::size_t>(own_.size(), std::size_t{4} << 20U);
    figures_.add("latency", time(8, 20));
    figures_.add("bandwidth", static_cast<double>(most) / time(most, 1));
  }
  /// A bucket to all and its sums back, in buckets of many sizes; bytes are those that a rank sends.
  void collectives() {
    const std::size_t n = ranks_.ranks();
    std::vector<std::pair<double, double>> exchanges, gathers;
    for (std::size_t size = std::size_t{1} << 16U; size <= own_.size(); size *= 4) {
      const std::size_t part = size / n;
      const std::vector<std::size_t> counts(n, part);
      const double sent = static_cast<double>(part * (n - 1));
      exchanges.emplace_back(sent, seconds([&] {
                               ranks_.exchange({own_.data(), part * n}, counts, {all_.data(), part * n}, counts);
                             }));
      gathers.emplace_back(sent, seconds([&] { ranks_.gather({own_.data(), part}, {all_.data(), part * n}, counts); }));
    }
    const Line exchange = fit(exchanges), gather = fit(gathers);
    const std::vector<std::size_t> few(n, 24);
    figures_.add("small_gather", seconds([&] {
                                   for (int i = 0; i < 10; ++i)
                                     ranks_.gather({own_.data(), 24}, {all_.data(), 24 * n}, few);
                                 }) / 10);
    figures_.add("exchange_latency", exchange.latency);
    figures_.add("exchange_bandwidth", exchange.bandwidth);
    figures_.add("gather_latency", gather.latency);
    figures_.add("gather_bandwidth", gather.bandwidth);
    for (std::size_t i = 0; i < exchanges.size(); ++i) {
      const auto kilobytes = std::to_string((std::size_t{64} << (2 * i)));
      figures_.add("exchange_seconds_of_" + kilobytes + "_KiB", exchanges[i].second);
      figures_.add("gather_seconds_of_" + kilobytes + "_KiB", gathers[i].second);
    }
  }
  /// Bytes of gradient a second: copied for sending, added, copied back. All ranks at once, as in a training.
  void arithmetic() {
    const xs::Wire wire(false);
    std::vector<float> values(own_.size() / sizeof(float)), sums(values.size() / ranks_.ranks());
    const auto rate = [&](std::size_t bytes, const std::function<void()>& f) {
      return static_cast<double>(bytes) / seconds(f);
    };
    figures_.add("pack_rate", rate(values.size() * sizeof(float), [&] { wire.pack(values, own_.data()); }));
    figures_.add("unpack_rate", rate(values.size() * sizeof(float), [&] { wire.unpack(all_.data(), values); }));
    figures_.add("add_rate", rate(sums.size() * sizeof(float) * ranks_.ranks(), [&] {
                   for (std::size_t r = 0; r < ranks_.ranks(); ++r)
                     wire.add(own_.data() + r * sums.size() * sizeof(float), sums, r == 0);
                 }));
  }

  xs::Ranks& ranks_;
  Arguments arguments_;
  std::vector<std::byte> own_, all_;
  Figures figures_;
};

}  // namespace

int main(int count, char** values) {
  try {
    const Arguments arguments = read_arguments(count, values);
    if (arguments.help) {
      std::fputs(usage.data(), stdout);
      return 0;
    }
    xs::Mpi mpi(count, values);
    Bench(*mpi.ranks(), arguments).run();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mpi_constants: %s\n", error.what());
    return 1;
  }
}
