#include <xstitch/report/metric_tables.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace xs = xstitch;

TEST_CASE("a confusion matrix as a table, with the scores of its classes") {
  xs::ConfusionMatrix matrix({"ant", "bird, blue", "cat"});
  matrix.begin({xs::LabelKind::class_index, {1, 1, 1}, {}, 3}, {1, 1, 3});
  const std::vector<float> scores{1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1};
  matrix.add(4, scores.data(), {{0, 0, 2, 2}, {}, {}, {}});
  CHECK(xs::confusion_table(matrix).to_text() ==
        "truth \\ predicted   ant   bird, blue   cat\n"
        "-----------------   ---   ----------   ---\n"
        "ant                   1            0     1\n"
        "bird, blue            0            0     0\n"
        "cat                   1            0     1\n");
  CHECK(xs::confusion_table(matrix).to_csv() ==
        "truth \\ predicted,ant,\"bird, blue\",cat\n"
        "ant,1,0,1\n"
        "\"bird, blue\",0,0,0\n"
        "cat,1,0,1\n");
  CHECK(xs::class_score_table(matrix).to_csv() ==
        "class,precision (%),recall (%),truth,predicted\n"
        "ant,50.0,50.0,2,2\n"
        "\"bird, blue\",-,-,0,0\n"
        "cat,50.0,50.0,2,2\n");
}

TEST_CASE("precision-recall curves as tables") {
  xs::PrecisionRecall curves({"wooden", "round"});
  const xs::Dims shape{1, 1, 2};
  curves.begin({xs::LabelKind::binary, shape, shape, 0}, shape);
  const std::vector<float> scores{0.1F, 1, 0.5F, 2, 0.5F, 3};
  curves.add(3, scores.data(), {{}, {1, 0, 1, 0, 0, 0}, {}, {}});
  CHECK(xs::curve_table(curves).to_csv() ==
        "label,threshold,recall,precision\n"
        "wooden,0.5,0.5,0.5\n"
        "wooden,0.100000001,1,0.666666667\n");
  CHECK(xs::average_precision_table(curves).to_csv() ==
        "label,average precision (%),positives,labelled\n"
        "wooden,58.3,2,3\n"
        "round,-,0,3\n");
}
