#pragma once
/// \file
/// Whatever may lie where a file is expected and is none.

#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "temporary_folder.hpp"

namespace xstitch_test {

/// Paths `NAME-IN-FOLDER + ending`, each with what an error calls it.
inline std::vector<std::pair<std::string, std::string>> irregular_files(const TemporaryFolder& folder,
                                                                        const std::string& ending = "") {
  const auto named = [&](const std::string& name) { return folder.file(name); };
  std::filesystem::create_directory(named("folder" + ending));
  ::mkfifo(named("pipe" + ending).c_str(), 0600);
  std::filesystem::create_symlink(named("pipe" + ending), named("link" + ending));
  std::filesystem::create_symlink("/dev/zero", named("zero" + ending));
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, named("socket" + ending).c_str(), sizeof address.sun_path - 1);
  const bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  std::vector<std::pair<std::string, std::string>> all = {
      {named("folder"), "a folder"}, {named("pipe"), "a pipe"}, {named("link"), "a pipe"}, {named("zero"), "a device"}};
  if (bound) all.emplace_back(named("socket"), "a socket");
  return all;
}

}  // namespace xstitch_test
