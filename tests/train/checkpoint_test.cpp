#include "toy.hpp"

#include <xstitch/train/checkpoint.hpp>
#include <xstitch/train/sgd.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

#include <fcntl.h>

using namespace toy;

namespace {

const xs::Sgd sgd{.learning_rate = 0.1F, .momentum = 0.5F};

xs::TrainingIdentity identity(const xs::AnyNet& net) {
  xs::TrainingIdentity id;
  id.network = net.signature();
  id.seed = ~std::uint64_t{0};  // more than a JSON number keeps
  id.optimizer = sgd.describe();
  return id;
}

/// Made-up optimizer arrays.
void fill_state(xs::Training& training) {
  for (std::size_t i = 0; i < training.net().parameters().size(); ++i)
    for (float& value : training.optimizer_state(0, i)) value = 0.25F * static_cast<float>(i + 1);
}

void write_plainly(const std::filesystem::path& path, const std::string& text) {  // without a flush to disk, for speed
  const int number = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  REQUIRE(::write(number, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(number);
}

}  // namespace

TEST_CASE("state comes back: parameters, optimizer, numbers to the last bit") {
  const Folder folder("checkpoint");
  OneTaskA net{xs::seed(1)}, other{xs::seed(1)};
  xs::Training training(net, sgd), resumed(other, sgd);
  fill_state(training);
  net.mutable_parameter(0)[0] = 0x1.234568p-20F;
  const xs::TrainingState state{.step = 7,
                                .total = 9,
                                .has_best = true,
                                .best_score = 0.1 + 0.2,
                                .best_step = 5,
                                .interval = {{1.0 / 3.0, 7.0}},
                                .evaluation_pending = true};
  xs::checkpoint::write(folder.path / "c", training, identity(net), state);
  const xs::TrainingState read = xs::checkpoint::read(folder.path / "c", resumed, identity(other)).state;
  CHECK(same_bits(net, other));
  CHECK(read.step == 7);
  CHECK(read.total == 9);
  CHECK(read.has_best);
  CHECK(read.best_score == state.best_score);
  CHECK(read.best_step == 5);
  REQUIRE(read.interval.size() == 1);
  CHECK(read.interval[0].sum == 1.0 / 3.0);
  CHECK(read.interval[0].normaliser == 7.0);
  CHECK(read.evaluation_pending);
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    CHECK(std::equal(training.optimizer_state(0, i).begin(), training.optimizer_state(0, i).end(),
                     resumed.optimizer_state(0, i).begin()));
  // the file is a parameter file, too
  OneTaskA loaded{xs::seed(3)};
  xs::load(loaded, folder.path / "c");
  CHECK(same_bits(net, loaded));
  CHECK(xs::SafetensorsFile(folder.path / "c").find("optimizer.0.a.fc.weight") != nullptr);
}

TEST_CASE("nothing that is not finite is written over the last good checkpoint") {
  const Folder folder("checkpoint_nan");
  OneTaskA net{xs::seed(1)};
  xs::Training training(net, sgd);
  fill_state(training);
  xs::checkpoint::write(folder.path / "c", training, identity(net), {.step = 1, .total = 9, .interval = {{}}});
  const std::string good = xs::read_file(folder.path / "c");
  training.optimizer_state(0, 2)[1] = std::numeric_limits<float>::infinity();
  CHECK(error_of([&] {
          xs::checkpoint::write(folder.path / "c", training, identity(net), {.step = 2, .total = 9});
        }).find("\"optimizer.0.a.fc.weight\" is not finite") != std::string::npos);
  training.optimizer_state(0, 2)[1] = 0.0F;
  net.mutable_parameter(0)[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK(error_of([&] {
          xs::checkpoint::write(folder.path / "c", training, identity(net), {.step = 2, .total = 9});
        }).find("\"a.conv1.weight\" is not finite") != std::string::npos);
  CHECK(xs::read_file(folder.path / "c") == good);
}

TEST_CASE("a checkpoint without the optimizer's arrays is refused before anything changes") {
  const Folder folder("checkpoint_arrays");
  OneTaskA net{xs::seed(1)}, other{xs::seed(2)};
  const xs::Training training(net);  // no optimizer, so no arrays
  xs::Training resumed(other, sgd);
  xs::checkpoint::write(folder.path / "c", training, identity(net), {.step = 3, .total = 9, .interval = {{}}});
  const std::vector<float> before = values(other);
  CHECK(error_of([&] {
          (void)xs::checkpoint::read(folder.path / "c", resumed, identity(other));
        }).find("\"optimizer.0.a.conv1.weight\" is missing") != std::string::npos);
  CHECK(same_bits(values(other), before));
}

TEST_CASE("a checkpoint of another version, or with losses of other heads, is refused before anything changes") {
  const Folder folder("checkpoint_version");
  OneTaskA net{xs::seed(1)}, other{xs::seed(2)};
  xs::Training training(net, sgd), resumed(other, sgd);
  const std::vector<float> before = values(other);
  const auto error = [&] {
    const std::string text = error_of([&] { (void)xs::checkpoint::read(folder.path / "c", resumed, identity(other)); });
    CHECK(same_bits(values(other), before));
    return text;
  };
  xs::checkpoint::write(folder.path / "c", training, identity(net), {.step = 3, .total = 9, .interval = {{}, {}}});
  CHECK(error().ends_with("losses of 2 heads, expected 1"));
  auto metadata = xs::SafetensorsFile(folder.path / "c").metadata();
  std::string& text = metadata.at("training");
  const std::string now = std::to_string(xs::checkpoint::version), member = "\"version\": " + now;
  REQUIRE(text.find(member) != std::string::npos);
  text.replace(text.find(member), member.size(), "\"version\": 99");
  xs::safetensors::write(folder.path / "c", {}, metadata);
  CHECK(error().ends_with("a checkpoint of version 99, expected " + now));
}

TEST_CASE("every cut and many flipped bytes: an error, or a state with finite values; never a crash") {
  const Folder folder("checkpoint_broken");
  OneTaskA net{xs::seed(1)};
  xs::Training training(net, sgd);
  fill_state(training);
  xs::checkpoint::write(folder.path / "c", training, identity(net), {.step = 7, .total = 9, .interval = {{0.5, 1.0}}});
  const std::string whole = xs::read_file(folder.path / "c");
  OneTaskA other{xs::seed(2)};
  xs::Training resumed(other, sgd);
  const std::vector<float> before = values(other);
  for (std::size_t i = 0; i < whole.size(); i += i < 3000 ? 1 : 97) {
    write_plainly(folder.path / "cut", whole.substr(0, i));
    REQUIRE(error_of([&] { (void)xs::checkpoint::read(folder.path / "cut", resumed, identity(other)); }) != "no error");
  }
  CHECK(same_bits(values(other), before));
  const xs::RandomKey key(xs::seed(9));
  std::size_t header = 0, refused = 0;
  std::memcpy(&header, whole.data(), 8);
  for (std::uint64_t i = 0; i < 2000; ++i) {
    std::string broken = whole;
    const std::size_t range = i % 4 == 0 ? whole.size() : header + 8;
    broken[key.below(2 * i, range)] = static_cast<char>(key.below(2 * i + 1, 256));
    write_plainly(folder.path / "flipped", broken);
    const std::string error =
        error_of([&] { (void)xs::checkpoint::read(folder.path / "flipped", resumed, identity(other)); });
    refused += error != "no error" ? 1 : 0;
    REQUIRE((error != "no error" || broken == whole));
    REQUIRE(other.find_non_finite_parameter().empty());
  }
  CHECK(refused > 1950);
}

TEST_CASE("a moment that is not finite is refused before anything changes") {
  const Folder folder("checkpoint_moment");
  OneTaskA net{xs::seed(1)}, other{xs::seed(2)};
  xs::Training training(net, sgd), resumed(other, sgd);
  fill_state(training);
  const float marked = 0x1.2345p+8F;
  training.optimizer_state(0, 3)[0] = marked;
  xs::checkpoint::write(folder.path / "c", training, identity(net), {.step = 3, .total = 9, .interval = {{}}});
  {  // the same file, checksums and all, with a NaN
    const xs::SafetensorsFile file(folder.path / "c");
    std::vector<std::vector<float>> arrays;
    std::vector<xs::TensorView> tensors;
    std::size_t replaced = 0;
    for (const auto& [name, entry] : file.entries()) {
      file.read(name, arrays.emplace_back(entry.count()));
      for (float& value : arrays.back())
        if (value == marked) value = std::numeric_limits<float>::quiet_NaN(), ++replaced;
      tensors.push_back(xs::TensorView::floats(name, entry.shape, arrays.back()));
    }
    REQUIRE(replaced == 1);
    xs::safetensors::write(folder.path / "c", tensors, file.metadata());
  }
  const std::vector<float> before = values(other);
  CHECK(error_of([&] {
          (void)xs::checkpoint::read(folder.path / "c", resumed, identity(other));
        }).find("\"optimizer.0.a.fc.bias\" is not finite") != std::string::npos);
  CHECK(same_bits(values(other), before));
  for (std::size_t i = 0; i < other.parameters().size(); ++i)
    for (const float value : resumed.optimizer_state(0, i)) REQUIRE(value == 0.0F);
}
