// Fails unless each translation unit, and this one, catches what the others throw.
#include "errors.hpp"

#include <xstitch/core/error.hpp>

#include <cstdio>
#include <string>

namespace {

bool main_catches(void (*thrower)(const char*), const char* text) {
  try {
    thrower(text);
  } catch (const xstitch::Error& error) {
    return error.what() == std::string(text) + " 1";
  } catch (...) {
    return false;
  }
  return false;
}

}  // namespace

int main() {
  bool all = true;
  const auto expect = [&](const char* what, bool right) {
    if (!right) std::printf("not caught as xstitch::Error: %s\n", what);
    all = all && right;
  };
  expect("lower by upper", upper_catches(lower_throw, "from lower"));
  expect("upper by lower", lower_catches(upper_throw, "from upper"));
  expect("lower by main", main_catches(lower_throw, "from lower"));
  expect("upper by main", main_catches(upper_throw, "from upper"));
  if (all) std::printf("each catches the other's Error\n");
  return all ? 0 : 1;
}
