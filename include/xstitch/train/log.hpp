#pragma once
/// \file
/// A log of JSON lines: one object a line, each with the "step" it belongs to. When a training continues from a
/// checkpoint, the lines after the restored step are cut off, because those steps are run and told again.
///
/// A line that cannot be read stays as it is, and damage() says so: a good checkpoint is continued from all the same.

#include <xstitch/io/file.hpp>
#include <xstitch/io/json.hpp>
#include <xstitch/io/limits.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace xstitch::inline XSTITCH_ISA {

class TrainingLog {
 public:
  TrainingLog() = default;  ///< writes nothing
  /// Opens a log and keeps its lines up to `restored_step` but for those events of that step which are told again;
  /// 0 starts a new log. A line cut off by a crash goes.
  XSTITCH_INLINE TrainingLog(const std::filesystem::path& path, std::uint64_t restored_step,
                             const std::vector<std::string_view>& told_again = {})
      : path_(path) {
    make_folder(path.parent_path());
    const mode_t mode = file::mode_of(path);
    if (restored_step > 0 && S_ISREG(mode)) {
      const std::string text = read_file(path), kept = lines_until(text, restored_step, told_again);
      if (kept != text) write_file_atomically(path, kept);
    }
    descriptor_ = file::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | (restored_step == 0 ? O_TRUNC : 0));
    if (descriptor_.number() < 0) file::fail_with_reason("write", path, errno);
    if (mode == 0) flush_folder(file::folder_of(file::follow(path)));
  }

  /// Which lines could not be read and were left; empty: none.
  [[nodiscard]] const std::string& damage() const noexcept { return damage_; }

  /// Everything written so far is on the disk afterwards: before a checkpoint that a resume continues from.
  void flush() {
    if (descriptor_.number() >= 0) file::flush(descriptor_, path_);
  }

  void write(const Json& line) {
    if (descriptor_.number() < 0) return;
    const std::string text = line.text() + "\n";
    file::write_all(descriptor_, path_, std::as_bytes(std::span(text)));
  }

  /// A number, or null where JSON has none.
  static Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

 private:
  [[nodiscard]] XSTITCH_INLINE std::string lines_until(std::string_view text, std::uint64_t step,
                                                       const std::vector<std::string_view>& told_again) {
    std::string kept;
    std::size_t damaged = 0;
    for (std::size_t number = 1; !text.empty(); ++number) {
      const std::size_t end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      if (end == std::string_view::npos && line.front() == '{') break;  // a line of ours that a crash cut off
      if (is_wanted(line, number, step, told_again, damaged)) kept.append(line).append("\n");
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    if (damaged > 1) damage_ += "; so are " + std::to_string(damaged - 1) + " more";
    return kept;
  }

  /// Whether a line stays: one that belongs to the steps up to the restored one, or that cannot be read.
  XSTITCH_INLINE bool is_wanted(std::string_view line, std::size_t number, std::uint64_t step,
                                const std::vector<std::string_view>& told_again, std::size_t& damaged) {
    const std::string name = path_.string() + ", line " + std::to_string(number);
    try {
      // Not Json::parse, which makes an Error of memory that ends: that is no damage, and the line would stay.
      const Json value = json::Parser(line, name, limits::memory_for(line.size())).document();
      const std::uint64_t at = value.at("step").whole();
      const bool again = at == step && !told_again.empty() && std::ranges::count(told_again, event_of(value)) > 0;
      return at <= step && !again;
    } catch (const Error& error) {
      const std::string_view reason = error.what();
      if (damaged++ == 0)
        damage_ = (reason.starts_with(name) ? std::string() : name + ": ") + error.what() + "; the line is left";
      return true;
    }
  }

  static std::string_view event_of(const Json& line) {
    const Json* event = line.find("event");
    return event != nullptr && event->is_string() ? std::string_view(event->string()) : std::string_view{};
  }

  std::filesystem::path path_;
  std::string damage_;
  file::Descriptor descriptor_;
};

}  // namespace xstitch::inline XSTITCH_ISA
