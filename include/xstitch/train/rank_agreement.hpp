#pragma once
/// \file
/// What ranks compare before the first step: whether they run the same program, on the same instruction set, with the
/// same network, data and settings. If one is out of step, all end with a message that names it.

#include <xstitch/core/crc32c.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/core/isa.hpp>
#include <xstitch/io/checksums.hpp>
#include <xstitch/io/json.hpp>
#include <xstitch/run/ranks.hpp>
#include <xstitch/train/text_difference.hpp>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace rank_agreement {

/// CRC-32C of the program's own file; empty where that cannot be read.
XSTITCH_INLINE std::string program_checksum() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  if (!file) return {};
  std::vector<char> block(std::size_t{1} << 16);
  std::uint32_t crc = 0;
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())), file.gcount() > 0)
    crc = crc32c(std::as_bytes(std::span(block).first(static_cast<std::size_t>(file.gcount()))), crc);
  return checksums::hexadecimal(crc);
}

/// What is compared beside the settings of a training.
XSTITCH_INLINE Json build() {
  return Json()
      .set("program", program_checksum())
      .set("compiler", __VERSION__)
      .set("instruction set", std::string(simd_name()) + " " + isa_code());
}

/// Fails on all ranks where the texts of one differ from what most have; `own` is an object of texts and numbers.
XSTITCH_INLINE void check(Ranks& ranks, const Json& own) {
  const std::vector<std::string> texts = ranks.gather_texts(own.text());
  const std::vector<std::string> places = ranks.gather_texts(ranks.place());
  const auto votes = [&](const std::string& text) { return std::count(texts.begin(), texts.end(), text); };
  std::size_t usual = 0;
  for (std::size_t r = 1; r < texts.size(); ++r)
    if (votes(texts[r]) > votes(texts[usual])) usual = r;
  for (std::size_t r = 0; r < texts.size(); ++r) {
    if (texts[r] == texts[usual]) continue;
    const Json expected = Json::parse(texts[usual], "settings of a rank"), found = Json::parse(texts[r], "settings");
    std::string differences;
    for (const auto& [key, value] : found.object()) {
      const Json* other = expected.find(key);
      if (other != nullptr && *other == value) continue;
      std::string of_others = other == nullptr ? "nothing" : other->text(), of_it = value.text();
      if (other != nullptr && other->is_string() && value.is_string()) {
        const text_difference::Difference d = text_difference::find(other->string(), value.string());
        of_others = "\"" + d.then + "\"";
        of_it = "\"" + d.now + "\"";
      }
      differences += "\n  " + key + ": found " + of_it + ", rank " + std::to_string(usual) + " has " + of_others;
    }
    fail("rank ", r, " of ", texts.size(), " (", places[r], ") is out of step with the others:", differences);
  }
}

}  // namespace rank_agreement
}  // namespace xstitch::inline XSTITCH_ISA
