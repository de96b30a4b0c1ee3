#pragma once
/// \file
/// A log of JSON lines: one object a line, each with the "step" it belongs to. When a training continues from a
/// checkpoint, the lines after the restored step are cut off, because those steps are run and told again.

#include <xstitch/io/file.hpp>
#include <xstitch/io/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <filesystem>
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
  TrainingLog(const std::filesystem::path& path, std::uint64_t restored_step,
              const std::vector<std::string_view>& told_again = {})
      : path_(path) {
    if (path.has_parent_path()) make_folder(path.parent_path());
    std::error_code ignored;
    if (restored_step > 0 && std::filesystem::exists(path, ignored))
      write_file_atomically(path, lines_until(read_file(path), restored_step, told_again));
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (restored_step == 0 ? O_TRUNC : 0);
    descriptor_ = file::Descriptor(::open(path.c_str(), flags, 0666));
    if (descriptor_.number() < 0) file::fail_with_reason("write", path, errno);
  }

  void write(const Json& line) {
    if (descriptor_.number() < 0) return;
    const std::string text = line.text() + "\n";
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t put = ::write(descriptor_.number(), rest.data(), rest.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) file::fail_with_reason("write", path_, errno);
      rest.remove_prefix(static_cast<std::size_t>(put));
    }
  }

  /// A number, or null where JSON has none.
  static Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

 private:
  [[nodiscard]] std::string lines_until(std::string_view text, std::uint64_t step,
                                        const std::vector<std::string_view>& told_again) const {
    std::string kept;
    for (std::size_t number = 1, end = 0; (end = text.find('\n')) != std::string_view::npos; ++number) {
      const std::string_view line = text.substr(0, end);
      const Json value = Json::parse(line, path_.string() + ", line " + std::to_string(number));
      const std::uint64_t at = value.at("step").whole();
      const bool again = at == step && !told_again.empty() && std::ranges::count(told_again, event_of(value)) > 0;
      if (at <= step && !again) kept.append(line).append("\n");
      text.remove_prefix(end + 1);
    }
    return kept;
  }

  static std::string_view event_of(const Json& line) {
    const Json* event = line.find("event");
    return event != nullptr && event->is_string() ? std::string_view(event->string()) : std::string_view{};
  }

  std::filesystem::path path_;
  file::Descriptor descriptor_;
};

}  // namespace xstitch::inline XSTITCH_ISA
