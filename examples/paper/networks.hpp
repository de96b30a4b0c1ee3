#pragma once
// The networks of the experiments, by name, for a size of towers. Each group is a translation unit of its own, because
// a network takes its seconds to compile; networks of a group share their kernels.
#include <xstitch/core/error.hpp>

#include "preset.hpp"

namespace paper {

// Null for a name that is not the group's. Defined in networks/GROUP.hpp, instantiated by the build.
template <class Size>
NetworkPointer make_alone(const std::string& network, xs::Seed seed);
template <class Size>
NetworkPointer make_pairs(const std::string& network, xs::Seed seed);
template <class Size>
NetworkPointer make_splits(const std::string& network, xs::Seed seed);
template <class Size>
NetworkPointer make_units(const std::string& network, xs::Seed seed);
template <class Size>
NetworkPointer make_three(const std::string& network, xs::Seed seed);

template <class Size>
NetworkPointer make(const std::string& network, xs::Seed seed) {
  for (const MakeNetwork group :
       {&make_alone<Size>, &make_pairs<Size>, &make_splits<Size>, &make_units<Size>, &make_three<Size>})
    if (NetworkPointer net = group(network, seed)) return net;
  xs::fail("network \"", network,
           "\": found no such network, expected segmentation, normals, depth, presence, cross_stitch, "
           "cross_stitch:layer, cross_stitch:every_conv, ensemble, shared, split:LAYER (conv2 to conv5, fc6, fc7), "
           "unit:nddr, unit:sluice, unit:simplex, three, three:shared or three:split:conv4");
}

}  // namespace paper
