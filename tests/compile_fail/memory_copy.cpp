// Hundreds of megabytes of weights are moved, never copied by accident.
// expect: (deleted|explicitly marked)
#include <xstitch/core/memory.hpp>

#include <utility>

inline xstitch::Memory hand_over(xstitch::Memory& memory) {
#ifdef WRONG
  return memory;
#else
  return std::move(memory);
#endif
}
