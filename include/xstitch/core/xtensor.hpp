#pragma once
/// \file
/// xt::xtensor of xtensor 0.24 to 0.27, whose headers moved into folders in 0.26. core/views.hpp has xt::adapt, too.

#include <exception>  // xtl 0.7 calls std::terminate and leaves it to others to declare it

#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xtensor.hpp>
#endif

#if XTENSOR_VERSION_MAJOR == 0 && XTENSOR_VERSION_MINOR < 24
#error "xstitch: xtensor is too old: found a version before 0.24, expected 0.24 to 0.27; see docs/building.md"
#endif
