#pragma once
/// \file
/// All metrics.

#include <xstitch/metrics/accuracy.hpp>
#include <xstitch/metrics/attribute_precision.hpp>
#include <xstitch/metrics/confusion_matrix.hpp>
#include <xstitch/metrics/detection.hpp>
#include <xstitch/metrics/mean_average_precision.hpp>
#include <xstitch/metrics/normals.hpp>
#include <xstitch/metrics/precision_recall.hpp>
#include <xstitch/metrics/root_mean_square_error.hpp>
#include <xstitch/metrics/segmentation.hpp>
#include <xstitch/metrics/top_k_accuracy.hpp>
