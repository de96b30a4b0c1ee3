#pragma once
/// \file
/// xt::adapt of xtensor 0.24 to 0.27, whose headers moved into folders in 0.26. Apart from core/xtensor.hpp, as not all
/// that reads and writes tensors makes views of memory.

#include <xstitch/core/xtensor.hpp>

#if __has_include(<xtensor/containers/xadapt.hpp>)
#include <xtensor/containers/xadapt.hpp>
#else
#include <xtensor/xadapt.hpp>
#endif
