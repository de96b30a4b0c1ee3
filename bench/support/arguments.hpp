#pragma once
// The command line that train_step and infer share.

#include "support/network.hpp"

#include <charconv>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

namespace bench {

struct Arguments {
  Wanted wanted;
  std::size_t batch = 16;
  std::size_t threads = 2;
  std::size_t steps = 8;
  bool json = false;
  bool profile = false;
  bool help = false;
};

inline std::string usage(std::string_view program) {
  return "Usage: " + std::string(program) +
         " [OPTION...]\n"
         "  --network NAME    cross_stitch (default), one_task, ensemble\n"
         "  --model NAME      caffenet (default), fcn32s, resnet18, segnet\n"
         "  --batch N         samples a step (16)\n"
         "  --precision NAME  fp32 (default), bf16\n"
         "  --threads N       threads that compute (2)\n"
         "  --steps N         steps measured; two more run before them (8)\n"
         "  --towers N        of the cross-stitched CaffeNet: 2 (default) to 5\n"
         "  --width N         divides every width of the cross-stitched CaffeNet: 1 (default), 2, 4\n"
         "  --unit NAME       of the cross-stitched CaffeNet: paper (default), per_layer, sluice, simplex, nddr (at "
         "the\n"
         "                    pools; the paper's at fc6 and fc7)\n"
         "  --json            one JSON object instead of a report\n"
         "  --profile         time of each operation, too\n";
}

inline std::size_t read_number(std::string_view option, std::string_view text, std::size_t most) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > most)
    xs::fail(option, ": found '", text, "', expected a number from 1 to ", most);
  return value;
}

inline std::string read_name(std::string_view option, std::string_view text, std::span<const std::string_view> known) {
  std::string list;
  for (const std::string_view name : known) {
    if (name == text) return std::string(text);
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  xs::fail(option, ": found '", text, "', expected one of ", list);
}

/// Throws xstitch::Error at what it does not know.
inline Arguments read_arguments(int count, char** values, Arguments arguments = {}) {
  constexpr std::string_view networks[] = {"cross_stitch", "one_task", "ensemble"};
  constexpr std::string_view models[] = {"caffenet", "fcn32s", "resnet18", "segnet"};
  constexpr std::string_view precisions[] = {"fp32", "bf16"};
  constexpr std::string_view units[] = {"paper", "per_layer", "sluice", "simplex", "nddr"};
  for (int i = 1; i < count; ++i) {
    std::string_view option = values[i], text;
    const std::size_t equals = option.find('=');
    const auto value = [&] {
      if (equals != std::string_view::npos) return text;
      if (i + 1 == count) xs::fail(option, ": expected a value after it");
      return std::string_view(values[++i]);
    };
    if (equals != std::string_view::npos) {
      text = option.substr(equals + 1);
      option = option.substr(0, equals);
    }
    if (option == "--network")
      arguments.wanted.network = read_name(option, value(), networks);
    else if (option == "--model")
      arguments.wanted.model = read_name(option, value(), models);
    else if (option == "--precision")
      arguments.wanted.precision = read_name(option, value(), precisions);
    else if (option == "--batch")
      arguments.batch = read_number(option, value(), 4096);
    else if (option == "--threads")
      arguments.threads = read_number(option, value(), 1024);
    else if (option == "--steps")
      arguments.steps = read_number(option, value(), 1000000);
    else if (option == "--towers")
      arguments.wanted.towers = static_cast<int>(read_number(option, value(), 8));
    else if (option == "--width")
      arguments.wanted.width = static_cast<int>(read_number(option, value(), 64));
    else if (option == "--unit")
      arguments.wanted.unit = read_name(option, value(), units);
    else if (option == "--json")
      arguments.json = true;
    else if (option == "--profile")
      arguments.profile = true;
    else if (option == "--help" || option == "-h")
      arguments.help = true;
    else
      xs::fail("unknown option ", option, "; try --help");
  }
  return arguments;
}

}  // namespace bench
