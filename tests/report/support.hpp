#pragma once
// What tests of pages need: a folder of their own, and how often a text holds another.
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <string>

namespace report_tests {

/// An empty folder that ends with the test.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("xstitch_report_" + std::to_string(::getpid()));
  Folder() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

inline std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

}  // namespace report_tests
