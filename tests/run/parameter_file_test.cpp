#include "../train/toy.hpp"

#include <xstitch/data/table_scaling.hpp>
#include <xstitch/run/parameter_file.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

using namespace toy;

namespace {

/// As A, but fc sees fewer channels, and one layer has another name.
using OtherA = xs::OneTask<xs::Tower<"a", xs::Shape<6, 6, 1>, xs::Conv<"conv1", 4, 3>, xs::Relu,
                                     xs::Conv<"fc", 3, 4, xs::NoBias>, xs::SoftmaxCrossEntropy>>;

}  // namespace

TEST_CASE("what is saved is loaded, under names that say what they are") {
  const Folder folder("save");
  const Pair net{xs::seed(1)};
  Pair other{xs::seed(2)};
  CHECK_FALSE(same_bits(net, other));
  xs::save(net, folder.path / "net.safetensors");
  xs::load(other, folder.path / "net.safetensors");
  CHECK(same_bits(net, other));
  const xs::SafetensorsFile file(folder.path / "net.safetensors");
  CHECK(file.entries().size() == net.parameters().size());
  REQUIRE(file.find("a.conv1.weight") != nullptr);
  CHECK(file.find("a.conv1.weight")->shape == std::vector<std::uint64_t>{3, 3, 1, 8});
  CHECK(file.find("stitch.one.alpha") != nullptr);
  CHECK(file.metadata().at("signature") == net.signature());
}

TEST_CASE("all mismatches are told at once, and nothing is changed") {
  const Folder folder("mismatch");
  const OneTaskA saved{xs::seed(1)};
  xs::save(saved, folder.path / "a");
  OtherA net{xs::seed(2)};
  const std::vector<float> before = values(net);
  CHECK(error_of([&] { xs::load(net, folder.path / "a"); }) ==
        (folder.path / "a").string() +
            " does not fit the network:\n"
            "  wrong shape: \"a.conv1.weight\" is [3, 3, 1, 8], expected [3, 3, 1, 4]\n"
            "  wrong shape: \"a.conv1.bias\" is [8], expected [4]\n"
            "  wrong shape: \"a.fc.weight\" is [4, 4, 8, 3], expected [4, 4, 4, 3]\n"
            "  unexpected: \"a.fc.bias\" [3]");
  CHECK(same_bits(values(net), before));
  Pair pair{xs::seed(2)};
  const std::vector<float> pair_before = values(pair);
  const std::string missing = error_of([&] { xs::load(pair, folder.path / "a"); });
  CHECK(missing.find("missing: \"b.wide.weight\" [5, 5, 1, 8]") != std::string::npos);
  CHECK(missing.find("missing: \"stitch.one.alpha\"") != std::string::npos);
  CHECK(same_bits(values(pair), pair_before));
}

TEST_CASE("values that are not finite are neither saved nor loaded") {
  const Folder folder("nan");
  OneTaskA net{xs::seed(1)};
  xs::save(net, folder.path / "a");
  net.mutable_parameter(1)[2] = std::numeric_limits<float>::quiet_NaN();
  CHECK(error_of([&] { xs::save(net, folder.path / "a"); }).find("parameter \"a.conv1.bias\" is not finite") !=
        std::string::npos);
  OneTaskA fresh{xs::seed(5)};
  xs::load(fresh, folder.path / "a");  // the old file stayed
  std::vector<xs::TensorView> tensors = xs::parameter_file::views(net);
  xs::safetensors::write(folder.path / "nan", tensors);
  const std::vector<float> before = values(fresh);
  CHECK(error_of([&] {
          xs::load(fresh, folder.path / "nan");
        }).find("\"a.conv1.bias\" holds values that are not finite") != std::string::npos);
  CHECK(same_bits(values(fresh), before));
  CHECK(error_of([&] { xs::initialise_from(fresh, net); }).find("not finite") != std::string::npos);
  CHECK(same_bits(values(fresh), before));
}

TEST_CASE("towers of a woven network start from one-task networks, in memory and on disk") {
  const Folder folder("initialise");
  const OneTaskA a{xs::seed(11)};
  const OneTaskB b{xs::seed(12)};
  xs::save(b, folder.path / "b.safetensors");
  Pair pair{xs::seed(13)};
  const xs::Initialised from_a = xs::initialise_from(pair, a);
  CHECK(from_a.parameters == 4);
  CHECK(from_a.values == values(a).size());
  CHECK(from_a.untouched ==
        std::vector<std::string>{"b.wide.weight", "b.wide.bias", "b.fc.weight", "b.fc.bias", "stitch.one.alpha"});
  CHECK(xs::initialise_from(pair, folder.path / "b.safetensors").parameters == 4);
  for (const auto& [one, tower] : {std::pair<const xs::AnyNet*, const char*>{&a, "a"}, {&b, "b"}})
    for (std::size_t i = 0; i < one->parameters().size(); ++i) {
      const auto from = one->parameter(i), to = pair.parameter(pair.find_parameter(one->parameters()[i].name));
      CHECK(one->parameters()[i].name.starts_with(tower));
      CHECK(std::equal(from.begin(), from.end(), to.begin(), to.end()));
    }
}

TEST_CASE("prefixes are mapped where names differ") {
  using OtherName = xs::OneTask<xs::Tower<"z", xs::Shape<6, 6, 1>, xs::Conv<"conv1", 8, 3>, xs::Relu,
                                          xs::Conv<"fc", 3, 4>, xs::SoftmaxCrossEntropy>>;
  const OneTaskA a{xs::seed(1)};
  OtherName net{xs::seed(2)};
  CHECK(error_of([&] { xs::initialise_from(net, a); }).find("no name matches") != std::string::npos);
  CHECK(xs::initialise_from(net, a, {{"a.", "z."}}).parameters == 4);
  CHECK(same_bits(values(net), values(a)));
}

TEST_CASE("misshapen parameters are told together and nothing is loaded") {
  const OneTaskA a{xs::seed(1)};
  OtherA net{xs::seed(2)};
  const std::vector<float> before = values(net);
  CHECK(error_of([&] { xs::initialise_from(net, a); }) ==
        "cannot take parameters from the trained network:\n"
        "  \"a.conv1.weight\" has shape [3, 3, 1, 8], but \"a.conv1.weight\" is [3, 3, 1, 4]\n"
        "  \"a.conv1.bias\" has shape [8], but \"a.conv1.bias\" is [4]\n"
        "  \"a.fc.weight\" has shape [4, 4, 8, 3], but \"a.fc.weight\" is [4, 4, 4, 3]");
  CHECK(same_bits(values(net), before));
}

TEST_CASE("texts of the user's go with the parameters and come back") {
  const Folder folder("metadata");
  const OneTaskA net{xs::seed(1)};
  xs::save(net, folder.path / "a", {{"scaling", "mean 14.62"}, {"classes", "Küche\nBad"}});
  const xs::TextMap texts = xs::read_metadata(folder.path / "a");
  CHECK(texts.at("scaling") == "mean 14.62");
  CHECK(texts.at("classes") == "Küche\nBad");
  CHECK(texts.at("signature") == net.signature());
  OneTaskA other{xs::seed(2)};
  xs::load(other, folder.path / "a");
  CHECK(same_bits(net, other));
  for (const char* ours : {"format", "signature", "training"})
    CHECK(error_of([&] { xs::save(net, folder.path / "b", {{ours, "x"}}); }).find(ours) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder.path / "b"));
  // What standardised a table, for the program that predicts.
  xs::data::TableScaling scaling;
  scaling.set("acid", {0.1, 1e-300});
  scaling.set_class_names("colour", {"red", "weiß"});
  xs::save(net, folder.path / "b", scaling.to_metadata());
  CHECK(xs::data::TableScaling::from_metadata(xs::read_metadata(folder.path / "b")) == scaling);
}

TEST_CASE("a tensor of an unknown type beside the wanted ones does not keep them from being loaded") {
  const Folder folder("unknown");
  std::string header = R"({"odd": {"dtype": "F4", "shape": [4], "data_offsets": [0, 2]},
    "a.conv1.bias": {"dtype": "F32", "shape": [8], "data_offsets": [2, 34]},
    "odder": {"dtype": "F6_E2M3", "shape": [4], "data_offsets": [34, 37]}})";
  const std::uint64_t length = header.size();
  std::string text(8, '\0');
  std::memcpy(text.data(), &length, 8);
  xs::write_file_atomically(folder.path / "a", text + header + std::string(37, '\0'));
  OneTaskA net{xs::seed(1)};
  const std::size_t bias = net.find_parameter("a.conv1.bias");
  std::fill(net.mutable_parameter(bias).begin(), net.mutable_parameter(bias).end(), 1.0F);
  CHECK(xs::initialise_from(net, folder.path / "a").parameters == 1);
  CHECK(net.parameter(bias)[7] == 0.0F);
  // Where the wanted one is of that type, nothing is taken.
  header.replace(header.find("F32"), 3, "F33");
  xs::write_file_atomically(folder.path / "a", text + header + std::string(37, '\0'));
  CHECK(error_of([&] { xs::initialise_from(net, folder.path / "a"); }).find("is of the type F33, expected F32") !=
        std::string::npos);
}

TEST_CASE("wrong types, shapes and values, and what is missing, are told together") {
  const Folder folder("types");
  const std::vector<float> floats(72, std::numeric_limits<float>::infinity());
  const std::vector<std::int64_t> large(8, std::int64_t{1} << 40);
  const std::vector<std::uint8_t> bytes(4 * 4 * 8 * 3);
  const std::vector<xs::TensorView> tensors{xs::TensorView::floats("a.conv1.weight", {3, 3, 1, 8}, floats),
                                            xs::TensorView::integers("a.conv1.bias", {8}, large),
                                            {"a.fc.weight", "F8_E4M3", {4, 4, 8, 3}, std::as_bytes(std::span(bytes))}};
  xs::safetensors::write(folder.path / "a", tensors, {{"format", "xstitch"}});
  OneTaskA net{xs::seed(1)};
  const std::vector<float> before = values(net);
  const std::string types = error_of([&] { xs::load(net, folder.path / "a"); });
  CHECK(types.find("\"a.fc.weight\" is of the type F8_E4M3, expected F32") != std::string::npos);
  CHECK(types.find("missing: \"a.fc.bias\" [3]") != std::string::npos);
  const std::string all = error_of([&] { xs::initialise_from(net, folder.path / "a"); });
  CHECK(all.find("\"a.conv1.weight\" holds values that are not finite") != std::string::npos);
  CHECK(all.find("\"a.conv1.bias\" holds an integer beyond 2^24") != std::string::npos);
  CHECK(all.find("\"a.fc.weight\" is of the type F8_E4M3") != std::string::npos);
  CHECK(same_bits(values(net), before));
}
