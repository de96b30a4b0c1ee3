// Metrics of the user's beside those of the losses: in evaluate() and in a training's evaluations.
#include "toy.hpp"

#include <xstitch/metrics/metrics.hpp>
#include <xstitch/networks/ensemble.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

using namespace toy;

TEST_CASE("evaluate measures them too, over the whole set and for any batch size") {
  const Stripes data;
  Pair net{xs::seed(1)};
  const xs::Evaluation usual = xs::evaluate(net, data, {.batch = 5, .threads = 1});
  xs::ConfusionMatrix matrix, other;
  xs::TopKAccuracy<2> top2;
  for (const std::size_t batch : {22UL, 5UL}) {
    const xs::Evaluation found =
        xs::evaluate(net, data, {.batch = batch, .threads = 1, .metrics = {{"a", matrix}, {"b", other}, {"a", top2}}});
    REQUIRE(found.rows.size() == 2);
    CHECK(found.value("a", "accuracy") == usual.value("a", "accuracy"));
    CHECK(found.score() == usual.score());  // the loss's own metric decides
    CHECK(found.rows[0].values.size() == 4);
    CHECK(found.value("a", "mean recall") == matrix.values()[0].value);
    CHECK(found.value("a", "top-2 accuracy") >= found.value("a", "accuracy"));
    std::uint64_t all = 0, right = 0, b = 0;
    for (std::size_t i = 0; i < 9; ++i) all += matrix.count(i / 3, i % 3);
    for (std::size_t c = 0; c < 3; ++c) right += matrix.count(c, c);
    for (std::size_t i = 0; i < 4; ++i) b += other.count(i / 2, i % 2);
    CHECK(all == 22);  // not twice as many the second time
    CHECK(b == 18);    // every fifth sample has no label
    CHECK(found.value("a", "accuracy") == doctest::Approx(100.0 * static_cast<double>(right) / 22.0));
  }
}

TEST_CASE("an ensemble's metric sees the mean of the predictions") {
  const Stripes data;
  xs::Ensemble<2, A> net{xs::seed(1)};
  xs::TopKAccuracy<1> top1;
  const xs::Evaluation found = xs::evaluate(net, data, {.batch = 5, .threads = 1, .metrics = {{"a", top1}}});
  REQUIRE(found.rows.size() == 1);
  CHECK(found.value("a", "top-1 accuracy") == found.value("a", "accuracy"));
}

TEST_CASE("wrong heads, metrics that do not suit one, and a metric given twice are refused") {
  const Stripes data;
  Pair net{xs::seed(1)};
  xs::ConfusionMatrix matrix, named({"left", "right"});
  xs::PrecisionRecall curves;
  xs::Accuracy two(2);
  const auto refusal = [&](const std::vector<xs::HeadMetric>& metrics) {
    return error_of([&] { xs::evaluate(net, data, {.threads = 1, .metrics = metrics}); });
  };
  CHECK(refusal({{"c", matrix}}) == "metrics: no head \"c\", expected one of \"a\", \"b\"");
  CHECK(refusal({{"a", matrix}, {"b", matrix}}).find("one metric is given for \"a\" and for \"b\"") !=
        std::string::npos);
  CHECK(refusal({{"a", named}}) == "metrics: head \"a\": confusion matrix: 2 names for 3 channels of the prediction");
  CHECK(refusal({{"a", curves}}).find("head \"a\": precision-recall curves: wants a head whose labels are yes or no") !=
        std::string::npos);
  CHECK(refusal({{"a", two}}) == "metrics: head \"a\": accuracy: predictions of 1x1x3, made for 1x1x2");
  CHECK(refusal({{"b", two}}) == "no error");
  CHECK(refusal({{"b", named}}) == "no error");

  xs::TrainOptions options{.iterations = 1, .threads = 1, .metrics = {{"a", matrix}}, .output = nullptr};
  const auto train = [&] { xs::train(net, data, xs::Sgd{}, options); };
  CHECK(error_of(train) == "train: found metrics without evaluation, expected a data set");
  options.evaluation = data;
  options.metrics = {{"a", curves}};
  CHECK(error_of(train).find("head \"a\": precision-recall curves") != std::string::npos);
}

TEST_CASE("a training's evaluations measure them, too, and log them") {
  const Folder folder("head_metrics");
  const Stripes data;
  Pair net{xs::seed(1)}, plain{xs::seed(1)};
  xs::TopKAccuracy<2> top2;
  xs::TrainOptions options{.iterations = 4, .batch = 8, .threads = 1, .output = nullptr};
  xs::train(plain, data, xs::Sgd{}, options);
  options.evaluation = data;
  options.evaluate_every = 2;
  options.metrics = {{"a", top2}};
  options.log_file = folder.path / "log.jsonl";
  const xs::TrainResult result = xs::train(net, data, xs::Sgd{}, options);
  REQUIRE(result.evaluations.size() == 2);
  CHECK(result.evaluations[1].evaluation.value("a", "top-2 accuracy") == top2.values()[0].value);
  CHECK(xs::read_file(options.log_file).find("\"top-2 accuracy\"") != std::string::npos);
  CHECK(same_bits(net, plain));
}
