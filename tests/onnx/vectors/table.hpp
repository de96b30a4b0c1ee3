#pragma once
// Our operations at the settings and shapes that the vectors ask for. ONNX says both at run time, our operations have
// them as types: the bridge is a text that an operation writes of itself (its kind, its attributes, its shapes) and
// that the rule for an ONNX node writes from what it found. An entry is a line in the family's file; one that is asked
// for and is not there fails the test, which prints the text.
#include <xstitch/core/number_text.hpp>
#include <xstitch/layers/run_operation.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vectors {

namespace xs = xstitch;

struct Call {
  std::size_t batch = 1;
  std::vector<std::vector<float>> inputs{};
  std::vector<std::vector<float>> parameters{};
  bool training = false;
};
struct Outcome {
  std::vector<std::vector<float>> outputs{};
  std::vector<std::vector<float>> updates{};  ///< of buffers, one a parameter
};

inline std::string number(double value) { return xs::number_text(value, 5); }
inline std::string text(const xs::Attribute& attribute) {
  std::string made = " " + std::string(attribute.name) + "=";
  if (attribute.kind == xs::Attribute::Kind::ratio)
    return made + number(static_cast<double>(attribute.values[0]) / static_cast<double>(attribute.values[1]));
  if (attribute.kind == xs::Attribute::Kind::text) return made + std::string(attribute.words);
  for (std::size_t i = 0; i < attribute.count; ++i) made += (i > 0 ? "," : "") + std::to_string(attribute.values[i]);
  return made;
}

class Table {
 public:
  using Function = std::function<Outcome(const Call&)>;

  template <class Op, auto In>
  void add() {
    std::string key(xs::traits::kind<Op>());
    for (const xs::Attribute& attribute : xs::traits::attributes<Op>(xs::invoke::argument<Op>(In)))
      key += text(attribute);
    for (std::size_t k = 0; k < In.size(); ++k) key += (k == 0 ? " on " : ", ") + xs::to_string(In[k].dims);
    if (!entries_.emplace(key, &run<Op, In>).second) throw std::logic_error("twice in the table: " + key);
    asked_[key] = false;
  }
  template <class Op, xs::Dims In>
  void layer() {
    add<Op, xs::Shapes<1>{xs::TensorShape(In)}>();
  }
  /// Null where there is no such entry.
  const Function* find(const std::string& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    asked_[key] = true;
    return &found->second;
  }
  [[nodiscard]] std::vector<std::string> never_asked_for() const {
    std::vector<std::string> all;
    for (const auto& [key, asked] : asked_)
      if (!asked) all.push_back(key);
    return all;
  }

 private:
  template <class Op, auto In>
  static Outcome run(const Call& call) {
    using Run = xs::RunOperation<Op, In>;
    Run one({.batch = call.batch});
    const auto fill = [](auto to, const std::vector<float>& from) {
      if (to.size() != from.size()) throw std::logic_error("a rule gave an operation too much or too little");
      for (std::size_t i = 0; i < from.size(); ++i) to[i] = static_cast<typename decltype(to)::value_type>(from[i]);
    };
    for (std::size_t k = 0; k < Run::input_count; ++k) {
      if (!Run::holds_data(k)) continue;
      if (In[k].element == xs::ElementType::int32)
        fill(one.template input<std::int32_t>(k), call.inputs.at(k));
      else
        fill(one.input(k), call.inputs.at(k));
    }
    for (std::size_t p = 0; p < Run::parameter_count; ++p) fill(one.parameter(p), call.parameters.at(p));
    one.forward(call.training);
    if (const std::string fault = one.fault(); !fault.empty()) throw std::runtime_error(fault);
    Outcome outcome;
    for (std::size_t k = 0; k < Run::output_count; ++k) {
      std::vector<float>& to = outcome.outputs.emplace_back();
      if (Run::out[k].element == xs::ElementType::int32)
        for (const std::int32_t value : one.template output<std::int32_t>(k)) to.push_back(static_cast<float>(value));
      else
        to.assign(one.output(k).begin(), one.output(k).end());
    }
    if (call.training)
      for (std::size_t p = 0; p < Run::parameter_count; ++p)
        outcome.updates.emplace_back(one.buffer_update(p).begin(), one.buffer_update(p).end());
    return outcome;
  }

  std::map<std::string, Function> entries_;
  std::map<std::string, bool> asked_;
};

}  // namespace vectors
