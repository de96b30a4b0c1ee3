// A DeepLab on an image that is no multiple of its output stride: the sentence says what the image has to be.
// expect: height and width of a DeepLab's image are multiples of its output stride
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/deeplab.hpp>
#include <xstitch/networks/one_task.hpp>

namespace xs = xstitch;
#ifdef WRONG
constexpr int height = 36;
#else
constexpr int height = 32;
#endif
static_assert(xs::OneTask<xs::models::DeepLab50<"parts", 5, xs::SoftmaxCrossEntropy, height, 32, 16>>::parameter_count >
              0);
