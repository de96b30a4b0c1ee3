#pragma once
// A part of a training set on which settings are chosen: whole groups of samples (homes, scenes), so that nothing that
// is trained on is related to it. Groups are drawn, the same ones for every run, until they have a sixth of the
// samples.
#include <xstitch/core/error.hpp>
#include <xstitch/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace protocol {

namespace xs = xstitch;

struct HeldOut {
  std::vector<std::size_t> train, validation;  ///< samples, ascending
};

/// `groups`: of each sample its group's name.
inline HeldOut hold_out(const std::vector<std::string>& groups) {
  std::vector<std::string> names = groups;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() < 2) xs::fail("validation: found ", names.size(), " group of training samples, expected 2 or more");
  const xs::RandomKey key = xs::RandomKey(xs::seed(1)).with("validation");
  for (std::size_t i = names.size(); i-- > 1;)
    std::swap(names[i], names[static_cast<std::size_t>(key.below(i, i + 1))]);
  std::vector<std::string> held;
  HeldOut parts;
  for (std::size_t n = 0; n + 1 < names.size() && 6 * parts.validation.size() < groups.size(); ++n) {
    held.push_back(names[n]);
    parts = {};
    for (std::size_t i = 0; i < groups.size(); ++i)
      (std::find(held.begin(), held.end(), groups[i]) == held.end() ? parts.train : parts.validation).push_back(i);
  }
  return parts;
}

}  // namespace protocol
