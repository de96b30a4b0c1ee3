#include "made_here.hpp"

#include <xstitch/core/isa.hpp>

#include <ctime>
#include <fstream>

#include "program_commit.hpp"  // made by the build

namespace protocol {

std::string commit() { return program_commit; }

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  std::string name = "unknown processor";
  for (std::string line; std::getline(file, line);)
    if (const std::size_t colon = line.find(": "); line.starts_with("model name") && colon != std::string::npos) {
      name = line.substr(colon + 2);
      break;
    }
  return name + ", " + std::string(xs::simd_name());
}

xs::Json made_here() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return xs::Json().set("commit", commit()).set("processor", processor()).set("date", std::string(text));
}

}  // namespace protocol
