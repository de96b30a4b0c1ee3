#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <locale>
#include <optional>
#include <string>

#include "../captured.hpp"
#include "../in_folder.hpp"

namespace {

double score_of(double acid, double sugar) { return 5 + 2 * acid - sugar; }

/// Rows of acid, sugar, score and, for every third of them, no score; acids and sugars in (0, 1).
void write_wine(const std::string& path, int rows, bool scores) {
  std::ofstream out(path);
  out.imbue(std::locale::classic());
  out << "acid,sugar" << (scores ? ",score,colour\n" : "\n");
  const xs::RandomKey key = xs::RandomKey(xs::seed(7)).with(path);
  for (int i = 0; i < rows; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const double acid = static_cast<double>(key.uniform(2 * k, 0.0F, 1.0F));
    const double sugar = static_cast<double>(key.uniform(2 * k + 1, 0.0F, 1.0F));
    out << acid << ',' << sugar;
    if (scores)
      out << ',' << (i % 3 == 2 ? std::string("NA") : xs::number_text(score_of(acid, sugar), 9)) << ','
          << (acid > sugar ? "red" : "white");
    out << '\n';
  }
}

}  // namespace

TEST_CASE("Fashion-MNIST: two garments a picture, and one") {
  if (!std::filesystem::exists(xs::data::fashion_mnist_folder)) {
    MESSAGE("skipped: ", xs::data::fashion_mnist_folder, " is missing (Debian: dataset-fashion-mnist)");
    return;
  }
  CHECK(open_fashion() == 60'000 + 10'000 + 60'000);
}

TEST_CASE("tables: rows dealt to two sets, and an R package's data without R") {
  const pages::InFolder folder;
  write_wine("wine.csv", 40, true);
  const std::string meats = "/usr/lib/R/site-library/modeldata/data/Rdata";
  if (std::filesystem::exists(meats + ".rdb") || std::filesystem::exists(meats + ".rds")) {
    const double deviation = open_tables() / (30 + 100);  // three quarters of the rows; columns x_001 to x_100
    CHECK(deviation > 0.3);
    CHECK(deviation < 0.9);
  } else {
    std::string text;
    try {
      (void)open_tables();
    } catch (const xs::Error& error) {
      text = error.what();
    }
    CHECK(text.find(meats) != std::string::npos);
  }
  const auto [train, test] = xs::data::table_sets(
      xs::data::read_csv("wine.csv"), {{.name = "input", .columns = {"acid", "sugar"}}},
      {{.name = "quality", .columns = {"score"}}, {.name = "colour", .columns = {"colour"}, .classes = 2}}, 0.25,
      xs::seed(1));
  CHECK(train.size() == 30);
  CHECK(test.size() == 10);
  CHECK(train.scaling().class_names("colour") == std::vector<std::string>{"red", "white"});
}

TEST_CASE("a program trains on a table, another one predicts for new rows in the column's own unit") {
  const pages::InFolder folder;
  const pages::Captured progress(std::cerr);
  write_wine("wine.csv", 3000, true);
  write_wine("new.csv", 20, false);
  first_program();
  const pages::Captured out(std::cout);
  second_program();
  const xs::data::Table rows = xs::data::read_csv("new.csv");
  std::istringstream lines(out.text());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const double truth = score_of(rows.column("acid")[static_cast<std::size_t>(count)],
                                  rows.column("sugar")[static_cast<std::size_t>(count)]);
    CHECK(line.find("new.csv") != std::string::npos);
    const std::optional<double> found = xs::number_of_text(std::string_view(line).substr(line.rfind(' ') + 1));
    CHECK(found.value_or(0.0) == doctest::Approx(truth).epsilon(0.05));
  }
  CHECK(count == 20);
}

TEST_CASE("arrays of NumPy's in, predictions out") {
  const pages::InFolder folder;
  Wine net{xs::seed(1)};
  xs::Predictor<Wine> predictor{net};
  const xt::xtensor<float, 2> rows{{1, 2}, {3, 4}, {-5, 6}};
  xs::save_npz("wines.npz", {{"rows", rows}});
  predict_file(predictor);
  const xt::xtensor<float, 2> scores = xs::load_npy<2>("scores.npy");
  REQUIRE(scores.shape(0) == 3);
  REQUIRE(scores.shape(1) == 1);
  const xs::NpzFile written("predictions.npz");
  CHECK(written.load<2>("rows") == rows);
  for (std::size_t i = 0; i < 3; ++i) {
    const float alone = predictor.predict(std::array{rows(i, 0), rows(i, 1)}).get<"quality">()(0, 0);
    CHECK(scores(i, 0) == doctest::Approx(alone).epsilon(1e-5));
    CHECK(written.load<2>("scores")(i, 0) == doctest::Approx(alone).epsilon(1e-3));  // float16
  }
}
