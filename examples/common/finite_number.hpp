#pragma once
// A check of command line options: CLI11's own let "nan" through, which no comparison finds to be outside of a range.
#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdlib>
#include <string>

/// A finite float.
inline CLI::Validator finite_number() {
  const auto check = [](std::string& text) -> std::string {
    char* end = nullptr;
    const float value = std::strtof(text.c_str(), &end);
    const bool good = end != text.c_str() && *end == '\0' && std::isfinite(value);
    return good ? std::string() : "found " + text + ", expected a finite number";
  };
  return {check, "FINITE"};
}
