// Two small networks as a Python module, for check.py.
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/losses/regression.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/python.hpp>

namespace xs = xstitch;

namespace {

using Image = xs::Shape<6, 6, 1>;
using Trunk = xs::Layers<xs::Conv<"conv1", 4, 3>, xs::Relu, xs::Seam<"conv1">>;
using Kind = xs::Tower<"kind", Image, Trunk, xs::Linear<"out", 3>, xs::SoftmaxCrossEntropy>;
using Place = xs::Tower<"place", Image, Trunk, xs::Linear<"out", 2>, xs::L2>;

}  // namespace

PYBIND11_MODULE(pair, module) { xs::python::add_network<xs::CrossStitch<Kind, Place>>(module, "Pair"); }
