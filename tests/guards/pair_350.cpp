// A pair of 350 operations: two ResNet-50 (He et al.: Deep residual learning, 2015), stitched after every stage. It is
// compiled only, by tests/guards/check: -DALIASES makes towers aliases in place of named structs, -DALL_ALIASES blocks
// too, -DMISTAKE=n puts a mistake in, -DOWN_LAYERS takes layers of our own, without
// kernels, -DHEADERS_ALONE leaves the networks out.
#include <xstitch/networks/cross_stitch.hpp>

#ifdef OWN_LAYERS
#include "own_layers.hpp"
#else
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/global_average_pool.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#endif

#ifndef HEADERS_ALONE
namespace xs = xstitch;

#ifndef MISTAKE
#define MISTAKE 0
#endif
constexpr bool residual_changes_shape = MISTAKE == 1;  // in the block "stage3.2" of the upper tower
constexpr bool seam_shapes_differ = MISTAKE == 2;      // at the last seam
constexpr bool layer_does_not_fit = MISTAKE == 3;      // in the block "stage3.2" of the upper tower
constexpr bool seam_not_there = MISTAKE == 4;          // in a setting

#ifdef OWN_LAYERS
namespace layers = own;
template <xs::FixedString Name, int Channels, int Kernel, int Step = 1, int Pad = Kernel / 2>
using Conv = own::Conv<Name, Channels, Kernel, Step, Pad>;
using Pool = own::MaxPool<3, 2, 1>;
using Classes = own::Conv<"classes", 40, 1, 1, 0>;
using Loss = own::Loss;
#else
namespace layers = xs;
template <xs::FixedString Name, int Channels, int Kernel, int Step = 1, int Pad = Kernel / 2>
using Conv = xs::Conv<Name, Channels, Kernel, xs::Stride<Step>, xs::Pad<Pad>, xs::NoBias>;
using Pool = xs::MaxPool<3, 2, xs::Pad<1>>;
using Classes = xs::Linear<"classes", 40>;
using Loss = xs::SoftmaxCrossEntropy;
#endif

template <int Width, int Step = 1, int Channels = 4 * Width, int Kernel = 3>
using Body =
    xs::Layers<Conv<"conv1", Width, 1>, layers::BatchNorm<"norm1">, layers::Relu, Conv<"conv2", Width, Kernel, Step, 1>,
               layers::BatchNorm<"norm2">, layers::Relu, Conv<"conv3", Channels, 1>, layers::BatchNorm<"norm3">>;
template <int Width, int Step>
using FirstItems = xs::Block<
    "0", xs::Residual<Body<Width, Step>, xs::Shortcut<Conv<"project", 4 * Width, 1, Step>, layers::BatchNorm<"norm">>>,
    layers::Relu>;
template <xs::FixedString Name, int Width, int Channels = 4 * Width, int Kernel = 3>
using FurtherItems = xs::Block<Name, xs::Residual<Body<Width, 1, Channels, Kernel>>, layers::Relu>;
#ifdef ALL_ALIASES
template <int Width, int Step>
using First = FirstItems<Width, Step>;
template <xs::FixedString Name, int Width, int Channels = 4 * Width, int Kernel = 3>
using Further = FurtherItems<Name, Width, Channels, Kernel>;
#else
template <int Width, int Step>
struct First : FirstItems<Width, Step> {};
template <xs::FixedString Name, int Width, int Channels = 4 * Width, int Kernel = 3>
struct Further : FurtherItems<Name, Width, Channels, Kernel> {};
#endif
template <bool Upper>
using Deep = Further<"2", 256, Upper && residual_changes_shape ? 1023 : 1024, Upper && layer_does_not_fit ? 99 : 3>;

template <bool Upper>
using Trunk = xs::Layers<
    Conv<"conv", 64, 7, 2>, layers::BatchNorm<"norm">, layers::Relu, Pool,
    xs::Block<"stage1", First<64, 1>, Further<"1", 64>, Further<"2", 64>>, xs::Seam<"stage1">,
    xs::Block<"stage2", First<128, 2>, Further<"1", 128>, Further<"2", 128>, Further<"3", 128>>, xs::Seam<"stage2">,
    xs::Block<"stage3", First<256, 2>, Further<"1", 256>, Deep<Upper>, Further<"3", 256>, Further<"4", 256>,
              Further<"5", 256>>,
    xs::Seam<"stage3">,
    xs::Block<"stage4", First<512, Upper && seam_shapes_differ ? 1 : 2>, Further<"1", 512>, Further<"2", 512>>,
    xs::Seam<"stage4">, layers::GlobalAveragePool>;

#if defined(ALIASES) || defined(ALL_ALIASES)
using Upper = xs::Tower<"upper", xs::Shape<224, 224, 3>, Trunk<true>, Classes, Loss>;
using Lower = xs::Tower<"lower", xs::Shape<224, 224, 3>, Trunk<false>, Classes, Loss>;
#else
struct Upper : xs::Tower<"upper", xs::Shape<224, 224, 3>, Trunk<true>, Classes, Loss> {};
struct Lower : xs::Tower<"lower", xs::Shape<224, 224, 3>, Trunk<false>, Classes, Loss> {};
#endif

using Net =
    std::conditional_t<seam_not_there, xs::CrossStitch<xs::At<"stage5">, Upper, Lower>, xs::CrossStitch<Upper, Lower>>;
#if MISTAKE == 0
static_assert(Net::program_of_type.ops.size() >= 350);
#endif

std::size_t parameters() { return Net(xs::seed(1)).parameters().size(); }
#endif
