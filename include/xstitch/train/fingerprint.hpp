#pragma once
/// \file
/// Short texts that differ where data sets or parameters differ, for what a resume compares:
///
///     "input 6x6x1; a class 1x1x1; samples 0 to 49: 1c291ca3 ..."      of a data set: fields, and some samples'
///     CRC-32C "5f2a09c1"                                                        of parameters: CRC-32C of all values

#include <xstitch/core/crc32c.hpp>
#include <xstitch/data/data_set.hpp>
#include <xstitch/data/loader.hpp>
#include <xstitch/io/checksums.hpp>
#include <xstitch/run/any_net.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace xstitch::inline XSTITCH_ISA {
namespace fingerprint {

XSTITCH_INLINE std::uint32_t of(const Sample& sample) {
  std::uint32_t crc = 0;
  const auto add = [&crc](const auto& values) {
    const std::uint64_t count = values.size();
    crc = crc32c(std::as_bytes(std::span(values)), crc32c(std::as_bytes(std::span(&count, 1)), crc));
  };
  for (const std::vector<float>& input : sample.inputs) add(input);
  for (const LabelValue& label : sample.labels) {
    const std::vector<std::uint8_t> present(1, label.present ? 1 : 0);
    add(present);
    if (!label.present) continue;
    add(label.indices), add(label.values), add(label.mask);
  }
  return crc;
}

/// A sample that does not load is an Error, but "unreadable" where the training would replace it.
XSTITCH_INLINE std::string of(const DataSetRef& data, OnError on_error) {
  std::string text;
  const auto field = [&text](const std::string& name, Dims shape) {
    text += (text.empty() ? "" : "; ") + name + " " + to_string(shape);
  };
  for (const InputField& input : data.inputs()) field(input.name, input.shape);
  for (const LabelField& label : data.labels()) field("label " + label.name, label.spec.shape);
  constexpr std::size_t most = 8;  // spread evenly, the first and the last among them
  const std::size_t count = std::min(most, data.size());
  text += "; some samples:";
  Sample sample;
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t index = count == 1 ? 0 : k * (data.size() - 1) / (count - 1);
    text += " " + std::to_string(index) + " ";
    sample.inputs.resize(data.inputs().size());
    sample.labels.assign(data.labels().size(), {});
    try {
      data.load(index, sample);
      text += checksums::hexadecimal(of(sample));
    } catch (const Error&) {
      if (on_error == OnError::stop) throw;
      text += "unreadable";
    }
  }
  return text;
}

XSTITCH_INLINE std::string of(const AnyNet& net) {
  std::uint32_t crc = 0;
  for (std::size_t i = 0; i < net.parameters().size(); ++i) crc = crc32c(std::as_bytes(net.parameter(i)), crc);
  return checksums::hexadecimal(crc);
}

}  // namespace fingerprint
}  // namespace xstitch::inline XSTITCH_ISA
