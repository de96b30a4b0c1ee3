#pragma once
// The menu of examples/dense_tasks.cpp: one translation unit a kind of network.
#include <xstitch/run/any_net.hpp>

#include <memory>
#include <string>
#include <vector>

namespace dense_tasks {

namespace xs = xstitch;

inline constexpr int height = 96, width = 128, classes = 13;

/// Networks that together answer both tasks, trained one after the other for equally many steps each.
struct Method {
  std::string name;  ///< on the command line
  std::string what;  ///< in the table
  std::vector<std::unique_ptr<xs::AnyNet> (*)(xs::Seed)> networks;
  std::string (*describe)() = nullptr;
};

Method unet_one_task();
Method unet_cross_stitch();
Method mtan();

inline std::vector<Method> methods() {
  std::vector<Method> all;
  all.push_back(unet_one_task());
  all.push_back(unet_cross_stitch());
  all.push_back(mtan());
  return all;
}

/// Makes a network of that type.
template <class Net>
std::unique_ptr<xs::AnyNet> make(xs::Seed seed) {
  return std::make_unique<Net>(seed);
}

}  // namespace dense_tasks
