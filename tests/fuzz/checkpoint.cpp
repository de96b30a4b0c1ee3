// Checkpoints and parameter files. A refusal leaves the network as it was, what is accepted is finite.
#include <xstitch/core/random.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/run/training.hpp>
#include <xstitch/train/checkpoint.hpp>
#include <xstitch/train/sgd.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "filled.hpp"

namespace fuzz {
namespace {

const xs::Sgd sgd{.learning_rate = 0.1F, .momentum = 0.9F};

struct Trained : Filled {
  xs::Training training{net, sgd};
  xs::TrainingIdentity identity;
  Trained() {
    identity.network = net.signature();
    identity.optimizer = sgd.describe();
  }
};
Trained& trained() {
  static Trained one;
  return one;
}

/// Byte 0: how the rest, a checkpoint, is read.
void run_checkpoint(Input input) {
  Dice dice(input);
  const std::uint32_t how = dice.below(4);
  put(file(), dice.rest());
  Trained& to = trained();
  to.run(input.size(), "", [&] {
    if (how < 2) {
      const xs::checkpoint::Found found =
          xs::checkpoint::read(file(), to.training, to.identity, {.total = 9, .finished = how == 1});
      XSTITCH_FUZZ_REQUIRE(found.state.step <= 9 && found.state.interval.size() == 1);
      for (std::size_t i = 0; i < to.net.parameters().size(); ++i)
        for (const float value : to.training.optimizer_state(0, i)) XSTITCH_FUZZ_REQUIRE(std::isfinite(value));
    } else if (how == 2) {
      xs::load(to.net, file());
    } else {
      (void)xs::initialise_from(to.net, file(), {{"a.", "a."}, {"", "a."}});
    }
  });
}
std::vector<std::string> seeds_of_checkpoint() {
  Trained to;
  xs::checkpoint::write(
      file(), to.training, to.identity,
      {.step = 3, .total = 9, .has_best = true, .best_score = 0.5, .best_step = 2, .interval = {{1.5, 4}}});
  std::vector<std::string> all;
  for (const char how : {'\0', '\1', '\2', '\3'}) all.push_back(how + bytes_of(file()));
  to.training.optimizer_state(0, 0)[0] = 0.25F;
  xs::checkpoint::write(file(), to.training, to.identity, {.step = 9, .total = 9, .interval = {{0, 0}}});
  all.push_back('\1' + bytes_of(file()));
  xs::save(to.net, file(), {{"note", "x"}});
  all.push_back('\2' + bytes_of(file()));
  return all;
}

/// The checksums of the file that begins at byte 1 set right, as far as it is one.
void mend(std::string& bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < 9) return;
  std::memcpy(&length, bytes.data() + 1, 8);
  if (length > bytes.size() - 9) return;
  std::string header = bytes.substr(9, static_cast<std::size_t>(length));
  const std::string_view data = std::string_view(bytes).substr(9 + header.size());
  const std::size_t place = xs::checksums::place_in(header);
  if (place == std::string::npos) return;
  std::vector<std::array<std::uint64_t, 2>> ranges;
  try {
    const xs::Json parsed = xs::Json::parse(header, "header");
    for (const auto& [name, entry] : parsed.object())
      if (name != "__metadata__")
        ranges.push_back(
            {entry.at("data_offsets").array().at(0).whole(), entry.at("data_offsets").array().at(1).whole()});
  } catch (const std::exception&) {
    return;
  }
  std::sort(ranges.begin(), ranges.end());
  std::vector<std::uint32_t> sums;
  for (const auto& [begin, end] : ranges) {
    if (begin > end || end > data.size()) return;
    sums.push_back(xs::crc32c(std::as_bytes(std::span(data.substr(begin, end - begin)))));
  }
  const std::string text = xs::checksums::text_of(sums);
  const std::size_t end = header.find('"', place);
  if (end == std::string::npos || end - place != text.size()) return;
  header.replace(place, text.size(), text);
  header.replace(place, xs::checksums::digits, xs::checksums::hexadecimal(xs::checksums::of_header(header, place)));
  bytes.replace(9, header.size(), header);
}
/// libFuzzer's change of one part of a text, which may become longer by `room`.
void change(std::string& text, std::size_t begin, std::size_t size, std::size_t room) {
  std::string part = text.substr(begin, size);
  const std::size_t old = part.size();
  part.resize(old + room);
  part.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(part.data()), old, old + room));
  text.replace(begin, size, part);
}
/// Changes header, numbers in it, or data, and mostly sets length and checksums right.
void mutate_checkpoint(std::string& bytes, std::uint32_t seed, std::size_t most) {
  std::uint64_t length = 0;
  if (bytes.size() >= 9) std::memcpy(&length, bytes.data() + 1, 8);
  if (bytes.size() < 9 || length == 0 || length > bytes.size() - 9 || seed % 16 == 0) {
    const std::size_t size = bytes.size();
    bytes.resize(most);
    bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, most));
    return;
  }
  std::string header = bytes.substr(9, static_cast<std::size_t>(length)), data = bytes.substr(9 + header.size());
  const std::size_t room = most - std::min(most, bytes.size());
  const xs::RandomKey key{xs::seed(seed)};
  const auto below = [&](std::uint64_t k, std::size_t n) {
    return static_cast<std::size_t>(key.below(k, static_cast<std::uint32_t>(n)));
  };
  switch (below(0, 5)) {
    case 0: {
      const std::size_t begin = below(1, header.size()),
                        size = std::min<std::size_t>(header.size() - begin, 1 + below(2, 24));
      change(header, begin, size, std::min<std::size_t>(room, 8));
      break;
    }
    case 1:
    case 2: {  // a number becomes another
      std::vector<std::size_t> starts;
      const auto digit = [&](std::size_t i) { return header[i] >= '0' && header[i] <= '9'; };
      for (std::size_t i = 1; i < header.size(); ++i)
        if (digit(i) && !digit(i - 1) && header[i - 1] != '.') starts.push_back(i);
      if (starts.empty()) break;
      const std::size_t begin = starts[below(1, starts.size())], end = header.find_first_not_of("0123456789.e", begin);
      constexpr const char* others[] = {
          "0",   "1",  "2",    "8", "-1", "1e308", "1e999", "18446744073709551615", "4294967296", "9007199254740993",
          "0.5", "24", "null", "[]"};
      header.replace(begin, end - begin, others[below(2, std::size(others))]);
      break;
    }
    case 3: {  // a piece of the header twice
      const std::size_t begin = below(1, header.size()),
                        size = std::min<std::size_t>(below(2, 80), std::min(room, header.size() - begin));
      header.insert(begin, header.substr(begin, size));
      break;
    }
    default:
      if (data.empty()) break;
      change(data, below(1, data.size()), 4, below(2, 8) == 0 ? std::min<std::size_t>(room, 4) : 0);
  }
  length = header.size();
  std::string made(bytes.substr(0, 1));
  made.append(reinterpret_cast<const char*>(&length), 8);
  bytes = made + header + data;
  if (key.below(9, 16) != 0) mend(bytes);
}

const Added all[] = {Added({"checkpoint", run_checkpoint, seeds_of_checkpoint, mutate_checkpoint})};

}  // namespace
}  // namespace fuzz
