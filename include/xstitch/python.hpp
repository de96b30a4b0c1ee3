#pragma once
/// \file
/// Networks as classes of a Python module, by pybind11 (docs/python.md):
///
///     PYBIND11_MODULE(garments, module) { xs::python::add_network<Net>(module, "Net"); }
///
/// and in CMake xstitch_add_python_module(garments garments.cpp). Python then has
///
///     net = garments.Net(seed=1)
///     net.train(images, {"upper": classes}, garments.Adam(learning_rate=0.001), epochs=2)
///     net.predict(images)["upper"]

#include <xstitch/core/version.hpp>
#include <xstitch/python/network.hpp>
#include <xstitch/train/adam.hpp>
#include <xstitch/train/sgd.hpp>

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace xstitch::inline XSTITCH_ISA::python {

namespace binding {

template <class Net>
struct NetworkOfType : Network {
  explicit NetworkOfType(std::uint64_t seed)
      : Network(std::make_unique<Net>(xstitch::seed(seed)), Net::inference_program_of_type) {}
};

inline OptimizerRef optimizer_of(pybind11::handle object) {
  if (pybind11::isinstance<Sgd>(object)) return OptimizerRef(object.cast<const Sgd&>());
  if (pybind11::isinstance<Adam>(object)) return OptimizerRef(object.cast<const Adam&>());
  if (pybind11::isinstance<AdamW>(object)) return OptimizerRef(object.cast<const AdamW&>());
  fail("train: found ", pybind11::cast<std::string>(pybind11::repr(object)),
       " as optimizer, expected Sgd, Adam or AdamW of this module");
}

template <class Optimizer>
void add_adam(pybind11::module_& module, const char* name) {
  namespace py = pybind11;
  constexpr Optimizer start;
  py::class_<Optimizer>(module, name, py::module_local())
      .def(py::init([](float learning_rate, float beta1, float beta2, float epsilon, float weight_decay,
                       float alpha_multiplier, float bias_multiplier) {
             Optimizer made;
             made.learning_rate = learning_rate, made.beta1 = beta1, made.beta2 = beta2, made.epsilon = epsilon;
             made.weight_decay = weight_decay, made.alpha_multiplier = alpha_multiplier;
             made.bias_multiplier = bias_multiplier;
             return made;
           }),
           py::kw_only(), py::arg("learning_rate") = start.learning_rate, py::arg("beta1") = start.beta1,
           py::arg("beta2") = start.beta2, py::arg("epsilon") = start.epsilon,
           py::arg("weight_decay") = start.weight_decay, py::arg("alpha_multiplier") = start.alpha_multiplier,
           py::arg("bias_multiplier") = start.bias_multiplier)
      .def("__repr__", &Optimizer::describe);
}

inline void add_optimizers(pybind11::module_& module) {
  namespace py = pybind11;
  constexpr Sgd start;
  py::class_<Sgd>(module, "Sgd", py::module_local())
      .def(py::init([](float learning_rate, float momentum, float weight_decay, float alpha_multiplier,
                       float bias_multiplier, bool nesterov) {
             return Sgd{learning_rate, momentum, weight_decay, alpha_multiplier, bias_multiplier, nesterov};
           }),
           py::kw_only(), py::arg("learning_rate") = start.learning_rate, py::arg("momentum") = start.momentum,
           py::arg("weight_decay") = start.weight_decay, py::arg("alpha_multiplier") = start.alpha_multiplier,
           py::arg("bias_multiplier") = start.bias_multiplier, py::arg("nesterov") = start.nesterov)
      .def("__repr__", &Sgd::describe);
  add_adam<Adam>(module, "Adam");
  add_adam<AdamW>(module, "AdamW");
  py::class_<Schedule>(module, "Schedule", py::module_local())
      .def_static("constant", &Schedule::constant)
      .def_static("step", &Schedule::step, py::arg("size"), py::arg("gamma"))
      .def_static("polynomial", &Schedule::polynomial, py::arg("power"))
      .def_static("cosine", &Schedule::cosine, py::arg("minimum") = 0.0)
      .def_static("warm_up", &Schedule::warm_up, py::arg("steps"), py::arg("then"));
}

/// What all networks of a module share, once.
inline void add_base(pybind11::module_& module) {
  namespace py = pybind11;
  if (py::hasattr(module, "Network")) return;
  py::register_local_exception<Error>(module, "Error", PyExc_RuntimeError);
  add_optimizers(module);
  module.attr("version") = library_version.text();
  py::class_<Network>(module, "Network", py::module_local())
      .def(
          "train",
          [](Network& self, py::object inputs, py::object labels, py::object optimizer, std::uint64_t epochs,
             std::uint64_t iterations, std::size_t batch, const Schedule* schedule, py::object evaluation,
             std::optional<std::uint64_t> seed, std::size_t threads, float clip_norm, std::size_t accumulate,
             const std::filesystem::path& checkpoint_directory, bool resume, const std::filesystem::path& log_file,
             bool progress, py::object callback) {
            TrainOptions options{.epochs = epochs, .iterations = iterations, .batch = batch};
            if (schedule != nullptr) options.schedule = *schedule;
            if (seed) options.seed = xstitch::seed(*seed);
            options.threads = threads, options.clip_norm = clip_norm, options.accumulate = accumulate;
            options.checkpoint_directory = checkpoint_directory, options.resume = resume;
            options.log_file = log_file;
            return self.train(inputs, labels, optimizer_of(optimizer), options, evaluation, progress, callback);
          },
          py::arg("inputs"), py::arg("labels"), py::arg("optimizer"), py::kw_only(), py::arg("epochs") = 0,
          py::arg("iterations") = 0, py::arg("batch") = 32, py::arg("schedule") = nullptr,
          py::arg("evaluation") = py::none(), py::arg("seed") = py::none(), py::arg("threads") = 0,
          py::arg("clip_norm") = 0.0F, py::arg("accumulate") = 1, py::arg("checkpoint_directory") = "",
          py::arg("resume") = false, py::arg("log_file") = "", py::arg("progress") = true,
          py::arg("callback") = py::none())
      .def(
          "evaluate",
          [](Network& self, py::object inputs, py::object labels, std::size_t batch, std::size_t threads) {
            return self.evaluate(inputs, labels, {.batch = batch, .threads = threads});
          },
          py::arg("inputs"), py::arg("labels"), py::kw_only(), py::arg("batch") = 32, py::arg("threads") = 0)
      .def(
          "predict",
          [](Network& self, py::object inputs, std::size_t threads, bool logits) {
            return self.predictor().predict(inputs, threads, logits);
          },
          py::arg("inputs"), py::kw_only(), py::arg("threads") = 0, py::arg("logits") = false)
      .def("save", &Network::save, py::arg("path"))
      .def("load", &Network::load, py::arg("path"))
      .def_property_readonly("parameters", &Network::parameters)
      .def_property_readonly("inputs", &Network::inputs)
      .def_property_readonly("heads", &Network::heads);
}

}  // namespace binding

/// Adds a network type to a module as class `name`.
template <class Net>
void add_network(pybind11::module_& module, const char* name) {
  binding::add_base(module);
  pybind11::class_<binding::NetworkOfType<Net>, Network>(module, name, pybind11::module_local())
      .def(pybind11::init<std::uint64_t>(), pybind11::arg("seed") = 0)
      .def_property_readonly_static("parameter_count", [](const pybind11::object&) { return Net::parameter_count; });
}

}  // namespace xstitch::inline XSTITCH_ISA::python
