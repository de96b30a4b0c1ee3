// needs: xz
// Three unequal towers on a real table: water, fat and protein of 215 pieces of meat from 100 channels of near-infrared
// absorbance (Tecator; Debian package r-cran-modeldata). Each task alone against the three stitched together.
#include <xstitch/data/table_r.hpp>
#include <xstitch/xstitch.hpp>

#include <CLI/CLI.hpp>

#include <array>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace xs = xstitch;

// Water sees the spectrum; fat and protein see its curvature, in which the offsets between pieces of meat are gone: fat
// as a curve to convolve, protein as plain numbers. "shape" is a seam of fat and protein alone, "mix" one of all three.
// clang-format off
using Water = xs::Tower<"water", xs::Shape<100>,
    xs::Linear<"fc1", 48>, xs::Tanh,
    xs::Linear<"fc2", 24>, xs::Tanh, xs::Seam<"mix">,
    xs::Linear<"out", 1>, xs::L2>;
using Fat = xs::Tower<"fat", xs::Shape<1, 98, 1>,
    xs::Conv<"conv1", 8, xs::Size{1, 9}, xs::Stride<xs::Size{1, 3}>>, xs::Tanh,
    xs::Linear<"fc1", 32>, xs::Tanh, xs::Seam<"shape">,
    xs::Linear<"fc2", 24>, xs::Tanh, xs::Seam<"mix">,
    xs::Linear<"out", 1>, xs::L2>;
using Protein = xs::Tower<"protein", xs::Shape<98>,
    xs::Linear<"fc1", 32>, xs::Tanh, xs::Seam<"shape">,
    xs::Linear<"fc2", 24>, xs::Tanh, xs::Seam<"mix">,
    xs::Linear<"fc3", 12>, xs::Tanh,
    xs::Linear<"out", 1>, xs::L2>;
// clang-format on
using Net = xs::CrossStitch<Water, Fat, Protein>;

static_assert(Net::seams == xs::names("shape", "mix"));

constexpr std::array tasks{"water", "fat", "protein"};

/// The table with the curvature of each spectrum, x[i - 1] - 2 x[i] + x[i + 1], as 98 more columns.
xs::data::Table read_meats(const std::string& folder) {
  const std::string base = folder + "/Rdata";
  if (!std::filesystem::exists(base + ".rdb"))
    xs::fail("found no file ", base,
             ".rdb, expected the data of the R package modeldata; on Debian and Ubuntu:\n"
             "  sudo apt-get install --no-install-recommends r-cran-modeldata\n"
             "or, as R itself is not needed, unpack that package alone:\n"
             "  apt-get download r-cran-modeldata && dpkg -x r-cran-modeldata_*.deb r-data\n"
             "and give --data r-data/usr/lib/R/site-library/modeldata/data");
  xs::data::Table meats = xs::data::read_r_table(base, "meats");
  const std::vector<std::string> channels = meats.names_starting_with("x_");
  if (channels.size() != 100)
    xs::fail("table ", meats.path, ": found ", channels.size(), " channels x_..., expected 100");
  for (std::size_t i = 1; i + 1 < channels.size(); ++i) {
    std::vector<double> curvature(meats.rows());
    for (std::size_t row = 0; row < meats.rows(); ++row)
      curvature[row] =
          meats.column(channels[i - 1])[row] - 2 * meats.column(channels[i])[row] + meats.column(channels[i + 1])[row];
    meats.names.push_back("curvature_" + std::to_string(i));
    meats.columns.push_back(std::move(curvature));
  }
  return meats;
}

/// Mean and standard deviation of a few numbers.
std::string mean_and_spread(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double x : values) mean += x / static_cast<double>(values.size());
  for (const double x : values) squares += (x - mean) * (x - mean);
  const double spread = values.size() > 1 ? std::sqrt(squares / static_cast<double>(values.size() - 1)) : 0.0;
  return xs::Table::number(mean, 2) + " +- " + xs::Table::number(spread, 2);
}

int main(int argc, char** argv) {
  std::string folder = "/usr/lib/R/site-library/modeldata/data";
  std::uint64_t seeds = 3, epochs = 300;
  xs::Adam adam{.learning_rate = 0.003F, .weight_decay = 1e-3F, .alpha_multiplier = 1};
  CLI::App app{"Water, fat and protein of meat from its near-infrared spectrum: three towers alone, and stitched."};
  app.add_option("--data", folder, "folder of modeldata's Rdata.rdb and Rdata.rdx")->capture_default_str();
  app.add_option("--seeds", seeds, "how often, each time with other rows held back and other initial values")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--epochs", epochs, "passes over the 161 training rows")->capture_default_str();
  app.add_option("--learning-rate", adam.learning_rate, "Adam's learning rate")->capture_default_str();
  app.add_option("--decay", adam.weight_decay, "Adam's weight decay")->capture_default_str();
  app.add_option("--alpha-multiplier", adam.alpha_multiplier, "the alphas' rate is this times the rate")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    const xs::data::Table meats = read_meats(folder);
    const xs::data::TableInput spectrum{.columns = meats.names_starting_with("x_")};
    const xs::data::TableInput curve{"fat", meats.names_starting_with("curvature_"), {1, 98, 1}};
    const xs::data::TableInput curvature{"protein", meats.names_starting_with("curvature_")};

    std::array<std::vector<double>, 3> alone, stitched;  // RMSE of each task, one a seed
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const auto [train, test] = xs::data::table_sets(
          meats, {spectrum, curve, curvature}, {{"water", {"water"}}, {"fat", {"fat"}}, {"protein", {"protein"}}}, 0.25,
          xs::seed(seed));
      xs::TrainOptions options{.epochs = epochs, .batch = 32, .schedule = xs::Schedule::cosine()};
      options.threads = 1;  // a step takes a tenth of a millisecond: less than it takes to share it
      options.output = nullptr;

      xs::OneTask<Water> water{xs::seed(seed)};
      xs::OneTask<Fat> fat{xs::seed(seed)};
      xs::OneTask<Protein> protein{xs::seed(seed)};
      Net net{xs::seed(seed)};
      for (xs::AnyNet* each : std::initializer_list<xs::AnyNet*>{&water, &fat, &protein, &net}) {
        xs::train(*each, train, adam, options);
        const xs::Evaluation evaluation = xs::evaluate(*each, test);
        for (const xs::Evaluation::Row& row : evaluation.rows)
          for (std::size_t t = 0; t < tasks.size(); ++t)  // labels were standardised: back to percent
            if (row.name == tasks[t])
              (each == &net ? stitched : alone)[t].push_back(evaluation.value(row.name, "RMSE") *
                                                             test.standard_deviation(row.name));
      }
    }

    xs::Table table({"RMSE in percentage points", "water", "fat", "protein"});
    const auto row = [&](const std::string& name, const std::array<std::vector<double>, 3>& errors) {
      table.add_row({name, mean_and_spread(errors[0]), mean_and_spread(errors[1]), mean_and_spread(errors[2])});
    };
    row("one-task networks", alone);
    row("cross-stitched", stitched);
    std::cout << "54 of 215 pieces held back; mean and standard deviation over " << seeds << " seeds\n\n" << table;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "three_tasks: " << error.what() << '\n';
    return 1;
  }
}
