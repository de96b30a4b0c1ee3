#pragma once
/// \file
/// Event files, which TensorBoard shows: scalars, histograms and images over the steps of a training.
///
///     xs::EventFile events("out/events", 0);
///     events.scalar("loss/upper", 0.35F, step);
///     events.histogram("alpha/pool1/upper from lower", values, step);
///     events.image("predictions", {.png = bytes, .height = 96, .width = 640}, step);
///
/// A file is TFRecords: u64 length | u32 masked CRC-32C of the length | message | u32 masked CRC-32C of the message,
/// little-endian, masked(c) = (c >> 15 | c << 17) + 0xA282EAD8. A message is a tensorflow.Event (event.proto,
/// summary.proto).
///
/// A training that begins again removes the folder's older files of ours. One that continues after step s starts a new
/// file with a session's start at s + 1: TensorBoard forgets what older files say of that step and later ones.

#include <xstitch/core/crc32c.hpp>
#include <xstitch/io/file.hpp>
#include <xstitch/io/protobuf_writer.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace xstitch::inline XSTITCH_ISA {
namespace event_file {

inline constexpr std::string_view prefix = "events.out.tfevents.", ending = ".xstitch.";

inline std::uint32_t masked(std::uint32_t crc) noexcept { return (crc >> 15 | crc << 17) + 0xA282EAD8U; }

inline void append_little_endian(std::string& out, std::uint64_t value, int count) {
  for (int k = 0; k < count; ++k) out += static_cast<char>((value >> (8 * k)) & 0xFF);
}
inline std::uint32_t checksum(std::string_view bytes) { return masked(crc32c(std::as_bytes(std::span(bytes)))); }

/// A message as a record of a TFRecord file.
XSTITCH_INLINE std::string record(std::string_view message) {
  std::string out;
  append_little_endian(out, message.size(), 8);
  append_little_endian(out, checksum(out), 4);
  out += message;
  append_little_endian(out, checksum(message), 4);
  return out;
}

/// tensorflow.HistogramProto with equal buckets between the least and the largest value; what is not finite is left
/// out. Empty without a finite value.
XSTITCH_INLINE std::string histogram(std::span<const float> values) {
  constexpr std::size_t buckets = 30;
  double least = 0.0, most = 0.0, sum = 0.0, squares = 0.0;
  std::uint64_t count = 0;
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    const auto v = static_cast<double>(value);
    least = count == 0 ? v : std::min(least, v);
    most = count == 0 ? v : std::max(most, v);
    sum += v, squares += v * v, ++count;
  }
  if (count == 0) return {};
  const std::size_t parts = most > least ? buckets : 1;
  std::vector<double> limits, counts(parts, 0.0);
  for (std::size_t k = 1; k <= parts; ++k)
    limits.push_back(k == parts ? most
                                : least + (most - least) * (static_cast<double>(k) / static_cast<double>(parts)));
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    const auto at = std::lower_bound(limits.begin(), limits.end(), static_cast<double>(value)) - limits.begin();
    counts[std::min(static_cast<std::size_t>(at), parts - 1)] += 1.0;
  }
  ProtobufWriter proto;
  proto.real(1, least).real(2, most).real(3, static_cast<double>(count)).real(4, sum).real(5, squares);
  return proto.reals(6, limits).reals(7, counts).bytes();
}

}  // namespace event_file

/// A PNG file in memory.
struct EncodedImage {
  std::string png;                          ///< the bytes of a PNG file
  int height = 0, width = 0, channels = 3;  ///< in pixels
};

class EventFile {
 public:
  EventFile() = default;  ///< writes nothing
  /// `step`: of the checkpoint that a training continues from; 0: it begins.
  XSTITCH_INLINE EventFile(const std::filesystem::path& folder, std::uint64_t step) {
    make_folder(folder);
    std::uint64_t seconds = static_cast<std::uint64_t>(wall_time()), files = 0;
    for (const std::string& name : file::names_in(folder)) {
      if (!is_ours(name)) continue;
      if (step == 0) {
        remove_file(folder / name);
        continue;
      }
      // TensorBoard reads files in the order of their names, so this one comes after all others.
      seconds = std::max<std::uint64_t>(seconds, std::strtoull(name.c_str() + event_file::prefix.size(), nullptr, 10));
      files = std::max<std::uint64_t>(files, std::strtoull(name.c_str() + name.rfind('.') + 1, nullptr, 10) + 1);
    }
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "%010llu%s%06llu", static_cast<unsigned long long>(seconds),
                  event_file::ending.data(), static_cast<unsigned long long>(files));
    path_ = folder / (std::string(event_file::prefix) + numbers);
    descriptor_ = file::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND);
    if (descriptor_.number() < 0) file::fail_with_reason("write", path_, errno);
    flush_folder(folder);
    write(event(0).bytes(3, "brain.Event:2"));
    if (step > 0) write(event(step + 1).bytes(7, ProtobufWriter().whole(1, 1).bytes()));  // SessionLog: START
  }

  /// A number, such as a loss, at a step of the training.
  void scalar(std::string_view tag, float value, std::uint64_t step) {
    summary(tag, step, [&](ProtobufWriter& proto) { proto.real(2, value); });
  }
  /// Of values that are finite; without any nothing is written.
  void histogram(std::string_view tag, std::span<const float> values, std::uint64_t step) {
    const std::string histogram = event_file::histogram(values);
    if (!histogram.empty()) summary(tag, step, [&](ProtobufWriter& proto) { proto.bytes(5, histogram); });
  }
  /// A picture at a step of the training.
  XSTITCH_INLINE void image(std::string_view tag, const EncodedImage& image, std::uint64_t step) {
    if (image.height < 1 || image.width < 1 || image.png.empty())
      fail("event file ", path_.string(), ": image \"", tag, "\": found ", image.height, "x", image.width, " and ",
           image.png.size(), " bytes, expected a picture");
    ProtobufWriter proto;
    proto.whole(1, static_cast<std::uint64_t>(image.height)).whole(2, static_cast<std::uint64_t>(image.width));
    proto.whole(3, static_cast<std::uint64_t>(image.channels)).bytes(4, image.png);
    summary(tag, step, [&](ProtobufWriter& value) { value.bytes(4, proto.bytes()); });
  }

  /// Everything written so far is on the disk afterwards, or an Error says why not.
  void flush() {
    if (writes()) file::flush(descriptor_, path_);
  }

  /// Where events go.
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Whether there is a file: not after EventFile().
  [[nodiscard]] bool writes() const noexcept { return descriptor_.number() >= 0; }

 private:
  static double wall_time() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  }
  static bool is_ours(std::string_view name) {
    return name.starts_with(event_file::prefix) && name.find(event_file::ending) != std::string_view::npos;
  }
  static ProtobufWriter event(std::uint64_t step) {
    ProtobufWriter proto;
    proto.real(1, wall_time()).whole(2, step);
    return proto;
  }
  template <class Fill>
  void summary(std::string_view tag, std::uint64_t step, Fill&& fill) {
    if (!writes()) return;
    ProtobufWriter value;
    value.bytes(1, tag);
    fill(value);
    write(event(step).bytes(5, ProtobufWriter().bytes(1, value.bytes()).bytes()));
  }
  XSTITCH_INLINE void write(const ProtobufWriter& message) {
    const std::string record = event_file::record(message.bytes());
    file::write_all(descriptor_, path_, std::as_bytes(std::span(record)));
  }

  std::filesystem::path path_;
  file::Descriptor descriptor_;
};

}  // namespace xstitch::inline XSTITCH_ISA
