#pragma once
/// \file
/// All metrics.

#include <xstitch/metrics/accuracy.hpp>
#include <xstitch/metrics/mean_average_precision.hpp>
#include <xstitch/metrics/normals.hpp>
#include <xstitch/metrics/root_mean_square_error.hpp>
#include <xstitch/metrics/segmentation.hpp>
