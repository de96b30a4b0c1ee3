#pragma once
/// \file
/// The words a tower is written in: Tower, Layers, Block, Seam, Head, Residual, Concat, Mark, Recall, Input, Apply,
/// MaxUnpool.

#include <xstitch/weave/structures/apply.hpp>
#include <xstitch/weave/structures/block.hpp>
#include <xstitch/weave/structures/concat.hpp>
#include <xstitch/weave/structures/head.hpp>
#include <xstitch/weave/structures/input.hpp>
#include <xstitch/weave/structures/layers.hpp>
#include <xstitch/weave/structures/mark.hpp>
#include <xstitch/weave/structures/max_unpool.hpp>
#include <xstitch/weave/structures/product.hpp>
#include <xstitch/weave/structures/residual.hpp>
#include <xstitch/weave/structures/seam.hpp>
#include <xstitch/weave/tower.hpp>
