#pragma once
/// \file
/// Predicts with the parameters of a network, and with nothing that training needs: no backward kernel, no optimizer,
/// no seed. One predictor a thread; they share the parameters, which outlive the network.
///
///     xs::Predictor<Net> predictor{net};                  // or {"net.safetensors"}, or {net.snapshot()}
///     auto answer = predictor.predict(image);             // float*, Eigen, xtensor: one sample, or a batch of them
///     answer.get<"upper">()                               // [samples, prediction], an Eigen matrix without a copy
///     answer.logits<"upper">()                            // what the head's last layer gave
///
/// Another thread takes a predictor of its own: xs::Predictor<Net> mine{predictor.parameters()}. Several inputs are
/// given by name: predict(xs::input<"upper">(a), xs::input<"lower.regions">(r)). A network of another type (300 regions
/// in place of 64) may use the same parameters where names and extents agree. Training, loading or a writable view
/// while a prediction runs is an error; net.snapshot() is for predicting during training.

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/run/predictor_core.hpp>

#include <concepts>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {

namespace detail {

/// Dense memory of a container, a matrix or a tensor.
template <class T>
std::span<const float> elements_of(const T& data) {
  if constexpr (requires { T::IsRowMajor; })
    static_assert(bool(T::IsRowMajor) || bool(T::IsVectorAtCompileTime),
                  "xstitch: a matrix of inputs is row-major, [samples, features]");
  if constexpr (requires { T::static_layout; })
    static_assert(T::static_layout != std::remove_const_t<decltype(T::static_layout)>::column_major,
                  "xstitch: a tensor of inputs is row-major");
  if constexpr (requires { std::span<const float>(data); })
    return std::span<const float>(data);
  else
    return {data.data(), static_cast<std::size_t>(data.size())};
}
}  // namespace detail

/// An input by its name. The memory is read in the order height, width, channels and is not copied before the call.
template <FixedString Name, class T>
InputView input(const T& data) {
  return {Name.view(), detail::elements_of(data)};
}

template <class Net>
class Predictor;

/// The answers of one call; valid until the predictor's next one.
template <class Net>
class Prediction : public detail::PredictionCore {
 public:
  using PredictionCore::get;
  using PredictionCore::logits;
  /// [samples, elements of the prediction] of the head "tower" or "tower.head".
  template <FixedString Head>
  [[nodiscard]] ConstMatrixView get() const {
    return get(name<Head>());
  }
  /// What the last layer of the head "tower" or "tower.head" gave.
  template <FixedString Head>
  [[nodiscard]] ConstMatrixView logits() const {
    return logits(name<Head>());
  }

 private:
  friend class Predictor<Net>;
  using PredictionCore::PredictionCore;

  template <FixedString Head>
  static constexpr std::string_view name() {
    static_assert(Net::template has_head<Head>(),
                  "xstitch: the network has no head of this name (\"tower\", or \"tower.head\")");
    return Head.view();
  }
};

template <class Net>
class Predictor : public detail::PredictorCore {
 public:
  /// Shares the parameters of a network, which it may outlive.
  template <class Other>
  requires requires(const Other& net) {
    { net.shared_parameters() } -> std::same_as<std::shared_ptr<Parameters>>;
  }
  explicit Predictor(const Other& net, std::size_t threads = 0) : Predictor(net.shared_parameters(), threads) {}
  /// Reads the parameters from a file that save() wrote.
  explicit Predictor(const std::filesystem::path& file, std::size_t threads = 0)
      : PredictorCore(Net::inference_program_of_type, file, threads) {}
  /// Shares parameters, e.g. those of another predictor.
  explicit Predictor(std::shared_ptr<Parameters> parameters, std::size_t threads = 0)
      : PredictorCore(Net::inference_program_of_type, std::move(parameters), threads) {}

  /// One input for every tower.
  template <class T>
  requires(!std::same_as<T, InputView>) Prediction<Net> predict(const T& data) {
    return predict(InputView{{}, detail::elements_of(data)});
  }
  /// Inputs by name.
  template <std::same_as<InputView>... Views>
  requires(sizeof...(Views) > 0) Prediction<Net> predict(const Views&... views) {
    const std::size_t samples = run({views...});
    return Prediction<Net>(execution(), samples);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
