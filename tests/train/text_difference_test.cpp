#include <xstitch/train/text_difference.hpp>
#include <xstitch/train/training_state.hpp>

#include <doctest/doctest.h>

#include <string>

namespace xs = xstitch;
using xs::text_difference::to_text;

TEST_CASE("one item of a list, with the one before it") {
  CHECK(to_text("Pair Conv:c/4x4x8 Dropout:(ratio 1/2)/4x4x8 Relu:/4",
                "Pair Conv:c/4x4x8 Dropout:(ratio 1/4)/4x4x8 Relu:/4") ==
        "then \"Dropout:(ratio 1/2)/4x4x8\", now \"Dropout:(ratio 1/4)/4x4x8\", after \"Conv:c/4x4x8\"");
  CHECK(to_text("OneTask a b", "Shared a b") == "then \"OneTask\", now \"Shared\"");
  CHECK(to_text("constant", "warm_up(5) then constant") == "then \"constant\", now \"warm_up(5)\"");
  CHECK(to_text("4", "5") == "then \"4\", now \"5\"");
}

TEST_CASE("one list is the start of the other") {
  CHECK(to_text("Pair a b", "Pair a b c") == "then nothing, now \"c\", after \"b\"");
  CHECK(to_text("Pair a b c d", "Pair a b") == "then \"c\", now nothing, after \"b\"");
  CHECK(to_text("", "Pair a") == "then nothing, now \"Pair\"");
}

TEST_CASE("a setting within brackets, with the name in front of them") {
  CHECK(to_text("Sgd(learning rate 0.1, momentum 0.9, nesterov)", "Sgd(learning rate 0.1, momentum 0.5, nesterov)") ==
        "then \"Sgd(..., momentum 0.9)\", now \"Sgd(..., momentum 0.5)\"");
  CHECK(to_text("Sgd(learning rate 0.1, momentum 0.9)", "Sgd(learning rate 0.01, momentum 0.9)") ==
        "then \"Sgd(learning rate 0.1)\", now \"Sgd(learning rate 0.01)\"");
  CHECK(to_text("Sgd(learning rate 0.1)", "Sgd(learning rate 0.1, nesterov)") ==
        "then \"Sgd(...)\", now \"Sgd(..., nesterov)\"");
  CHECK(to_text("multi_step({7, 15}, 0.3)", "multi_step({7, 16}, 0.3)") ==
        "then \"multi_step({7, 15})\", now \"multi_step({7, 16})\"");
  CHECK(to_text("net Norm(eps 1, m 1) Lrn(a 1, b 2)", "net Norm(eps 1, m 1) Lrn(a 1, b 3)") ==
        "then \"Lrn(..., b 2)\", now \"Lrn(..., b 3)\", after \"Norm(eps 1, m 1)\"");
}

TEST_CASE("commas without brackets") {
  CHECK(to_text("mirror 1, smallest_crop 0.6, contrast 0", "mirror 1, smallest_crop 0.8, contrast 0") ==
        "then \"smallest_crop 0.6\", now \"smallest_crop 0.8\", after \"mirror 1\"");
}

TEST_CASE("long items are cut around the place") {
  const std::string start(300, 'x'), end(300, 'y');
  const std::string text = to_text("net " + start + "1" + end + " b", "net " + start + "2" + end + " b");
  CHECK(text.size() < 200);
  CHECK(text.find("xxx1yyy") != std::string::npos);
  CHECK(text.find("xxx2yyy") != std::string::npos);
}

TEST_CASE("long items that differ at their beginning or at their end") {
  const std::string x(100, 'x');
  CHECK(to_text("1" + x, "2" + x) == "then \"1" + x.substr(41) + "...\", now \"2" + x.substr(41) + "...\"");
  CHECK(to_text(x + "1", x + "2") == "then \"..." + x.substr(70) + "1\", now \"..." + x.substr(70) + "2\"");
  CHECK(to_text(x + " a", x + " b") == "then \"a\", now \"b\", after \"" + x.substr(40) + "...\"");
}

TEST_CASE("brackets of every kind hold an item together, one that nothing opened does not") {
  CHECK(to_text("net <a b> [c d]", "net <a b> [c e]") == "then \"[c d]\", now \"[c e]\", after \"<a b>\"");
  CHECK(to_text("net {a b}", "net {a c}") == "then \"{a b}\", now \"{a c}\", after \"net\"");
  CHECK(to_text("a) b", "a) c") == "then \"b\", now \"c\", after \"a)\"");
  CHECK(to_text("a)", "b)") == "then \"a)\", now \"b)\"");
  CHECK(to_text("Sgd(a)", "Adam(a)") == "then \"Sgd(a)\", now \"Adam(a)\"");
  CHECK(to_text("Sgd(a)", "Sgd") == "then \"Sgd(a)\", now \"Sgd\"");
}

TEST_CASE("a signature of thousands of items stays short") {
  std::string have = "CrossStitch", want = have;
  for (int i = 0; i < 5000; ++i) {
    have += " Conv:conv" + std::to_string(i) + "/8x8x64";
    want += std::string(" ") + (i == 4321 ? "Linear" : "Conv") + ":conv" + std::to_string(i) + "/8x8x64";
  }
  xs::TrainingIdentity then, now;
  then.network = have;
  now.network = want;
  now.batch = 3;
  CHECK(xs::training_state::differences(then.to_json(), now.to_json()) ==
        "\n  network: then \"Conv:conv4321/8x8x64\", now \"Linear:conv4321/8x8x64\", after \"Conv:conv4320/8x8x64\""
        "\n  batch: then 0, now 3");
  CHECK(xs::training_state::differences(now.to_json(), now.to_json()).empty());
}
