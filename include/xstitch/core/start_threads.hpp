#pragma once
/// \file
/// Starts several threads, all or none.

#include <xstitch/core/error.hpp>

#include <cstddef>
#include <exception>
#include <string_view>
#include <thread>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Adds threads that run f(i) to `threads` until there are `count`. If the system refuses one, calls stop(), which
/// must make the others return, joins them and throws Error.
template <class Function, class Stop>
void start_threads(std::string_view what, std::vector<std::thread>& threads, std::size_t count, const Function& f,
                   const Stop& stop) {
  try {
    threads.reserve(count);
    while (threads.size() < count) threads.emplace_back(f, threads.size());
  } catch (const std::exception& error) {
    stop();
    for (std::thread& thread : threads) thread.join();
    const std::size_t started = threads.size();
    threads.clear();
    fail(what, ": thread ", started + 1, " of ", count, " could not be started (", error.what(), ")");
  }
}

}  // namespace xstitch::inline XSTITCH_ISA
