#pragma once
/// \file
/// Whether a file of parameters, or a checkpoint, is as it was written.
///
///     const xs::Verified file = xs::verify("last.safetensors");   // an Error says what is damaged
///     if (!file.has_checksums) ...                                // another program's: only its form is checked

#include <xstitch/io/safetensors.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace xstitch::inline XSTITCH_ISA {

/// What was found to be whole.
struct Verified {
  std::size_t tensors = 0;     ///< how many the file holds
  std::uint64_t bytes = 0;     ///< of all tensors
  bool has_checksums = false;  ///< whether the file says what its tensors' checksums are
};

/// Reads a whole safetensors file and compares it with its checksums. An Error names the file, and the tensor that is
/// damaged.
inline Verified verify(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  file.verify();
  Verified found{.tensors = file.entries().size(), .has_checksums = file.has_checksums()};
  for (const auto& [name, entry] : file.entries()) found.bytes += entry.end - entry.begin;
  return found;
}

}  // namespace xstitch::inline XSTITCH_ISA
