#pragma once
// A new folder that is the current one until the end of its scope: snippets name their files without a folder.
#include <filesystem>
#include <system_error>

#include "../data/temporary_folder.hpp"

namespace pages {

class InFolder {
 public:
  InFolder() : before_(std::filesystem::current_path()) { std::filesystem::current_path(folder_.path()); }
  ~InFolder() {
    std::error_code ignored;
    std::filesystem::current_path(before_, ignored);
  }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;

 private:
  std::filesystem::path before_;
  xstitch_test::TemporaryFolder folder_;
};

}  // namespace pages
