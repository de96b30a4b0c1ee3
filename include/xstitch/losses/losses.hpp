#pragma once
/// \file
/// All losses.

#include <xstitch/losses/box_regression.hpp>
#include <xstitch/losses/codebook_cross_entropy.hpp>
#include <xstitch/losses/cosine.hpp>
#include <xstitch/losses/label_smoothing.hpp>
#include <xstitch/losses/learned_temperature.hpp>
#include <xstitch/losses/regression.hpp>
#include <xstitch/losses/sigmoid_cross_entropy.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/losses/weighted.hpp>
