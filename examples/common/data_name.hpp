#pragma once
// What results call a data set: its folder's own name, not the way to it, which is another one on another machine.
//
//   rooms -> rooms      nyuv2:/data/homes160/ -> nyuv2:homes160      /data/VOC2008 -> VOC2008
#include <filesystem>
#include <string>

namespace protocol {

inline std::string data_name(const std::string& source) {
  const std::size_t colon = source.find(':');
  const std::string kind = colon == std::string::npos ? "" : source.substr(0, colon + 1);
  std::filesystem::path folder = std::filesystem::path(source.substr(kind.size())).lexically_normal();
  if (folder.filename().empty()) folder = folder.parent_path();  // "homes160/"
  return kind + folder.filename().string();
}

}  // namespace protocol
