#pragma once
// A network as an ONNX file beside inputs and our own outputs, for tests/onnx/check, which runs them in ONNX Runtime.
// They are written to the folder that XSTITCH_ONNX_CASES names; without it the files are only made.
#include <xstitch/io/npy.hpp>
#include <xstitch/onnx.hpp>
#include <xstitch/run/predictor.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../data/temporary_folder.hpp"

namespace cases {

namespace xs = xstitch;

inline constexpr std::size_t samples = 3;

/// Numbers in [-1, 1) of a name.
inline float number(const std::string& name, std::size_t i) {
  return xs::RandomKey(xs::seed(5)).with(name).uniform(i, -1.0F, 1.0F);
}

/// Values that keep numbers of the order of 1 through many layers.
inline void fill(xs::Parameters& parameters) {
  for (std::size_t p = 0; p < parameters.slots().size(); ++p) {
    const xs::ParameterSlot& slot = parameters.slots()[p];
    const std::string_view name = slot.spec.name;
    float base = 0.0F, factor = 0.2F;
    if (slot.spec.axes.size() == 4 || slot.spec.axes == "IO")
      factor = std::sqrt(5.0F / static_cast<float>(slot.spec.fan_in));
    else if (name == "running_variance" || name == "weight")
      base = 1.0F, factor = 0.4F;
    else if (name == "alpha")
      base = 0.4F, factor = 0.3F;
    else if (name == "codebook" || name == "logit")
      factor = 1.0F;
    if (slot.spec.fan_in > 1 && slot.spec.group == xs::ParameterGroup::stitch)  // Nddr's
      base = 0.0F, factor = std::sqrt(3.0F / static_cast<float>(slot.spec.fan_in));
    const std::span<float> values = parameters.writable(p);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = base + factor * number(slot.name, i);
  }
}

/// Rows of height x width x channels, channels first.
inline std::vector<float> channels_first(const float* from, std::size_t rows, xs::Dims dims) {
  std::vector<float> to(rows * dims.size());
  const auto channels = static_cast<std::size_t>(dims.channels);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t p = 0; p < dims.pixels(); ++p)
      for (std::size_t c = 0; c < channels; ++c)
        to[r * dims.size() + c * dims.pixels() + p] = from[r * dims.size() + p * channels + c];
  return to;
}

class Case {
 public:
  Case(const std::string& name, const xs::OnnxOptions& options) : options_(options) {
    if (const char* folder = std::getenv("XSTITCH_ONNX_CASES"); folder != nullptr) {
      folder_ = std::filesystem::path(folder) / name;
      std::filesystem::create_directories(folder_);
    } else {
      folder_ = temporary_.path();
    }
  }
  [[nodiscard]] std::string model() const { return (folder_ / "model.onnx").string(); }
  /// A tensor in the layout of the file: [samples (, rows), ...].
  void add(const std::string& kind, const std::string& name, xs::Dims dims, std::size_t rows, bool boxes,
           const float* values) {
    std::vector<float> data(values, values + samples * rows * dims.size());
    const bool first = !boxes && options_.layout == xs::OnnxLayout::nchw;
    if (first) data = channels_first(values, samples * rows, dims);
    std::vector<int> shape{static_cast<int>(samples)};
    if (rows > 1) shape.push_back(static_cast<int>(rows));
    if (boxes)
      shape.insert(shape.end(), {dims.height, dims.channels});
    else if (dims.pixels() == 1)
      shape.push_back(dims.channels);
    else if (first)
      shape.insert(shape.end(), {dims.channels, dims.height, dims.width});
    else
      shape.insert(shape.end(), {dims.height, dims.width, dims.channels});
    const std::string file = kind + std::to_string(count_++) + ".bin";
    std::ofstream(folder_ / file, std::ios::binary)
        .write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size() * sizeof(float)));
    xs::Json::Array extents;
    for (const int extent : shape) extents.emplace_back(static_cast<double>(extent));
    xs::Json entry;
    entry.set("kind", kind).set("name", name).set("shape", std::move(extents)).set("file", file);
    list_.emplace_back(std::move(entry));
  }
  void finish() { xs::write_file_atomically(folder_ / "case.json", xs::Json(std::move(list_)).text()); }

 private:
  xstitch_test::TemporaryFolder temporary_;
  std::filesystem::path folder_;
  const xs::OnnxOptions& options_;
  xs::Json::Array list_;
  int count_ = 0;
};

/// Values of an input: numbers, or regions in a picture of `extent` pixels, some of them unused.
inline std::vector<float> input_values(const xs::InputSlot& slot, float extent) {
  std::vector<float> values(samples * slot.shape.size());
  const std::string name = slot.input.empty() ? "image" : slot.name();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = number(name, i);
  if (slot.kind != xs::InputKind::boxes) return values;
  for (std::size_t r = 0; r < values.size() / 5; ++r) {
    float* box = values.data() + 5 * r;
    const float x = (box[1] + 1) * extent / 2, y = (box[2] + 1) * extent / 2;
    box[0] = r % 4 == 3 ? 0.0F : 1.0F;
    box[3] = x + std::abs(box[3]) * extent / 2, box[4] = y + std::abs(box[4]) * extent / 2;
    box[1] = x, box[2] = y;
  }
  return values;
}

/// Exports a network of this type, and predicts with it.
template <class Net>
void write(const std::string& name, const xs::OnnxOptions& options = {}, float extent = 0.0F) {
  INFO(name);
  auto parameters = std::make_shared<xs::Parameters>(Net::inference_program_of_type);
  fill(*parameters);
  Case files(name, options);
  xs::export_onnx(*parameters, files.model(), options);
  CHECK(std::filesystem::file_size(files.model()) > 100);

  // The same numbers for every tower's own input of a shape, and for every member.
  xs::Batch batch;
  batch.size = samples;
  std::map<std::string, int> written;
  for (const xs::InputSlot& slot : parameters->layout().inputs()) {
    const std::vector<float> values = input_values(slot, extent);
    batch.inputs.emplace_back(values.begin(), values.end());
    std::string of_file = slot.name() + (slot.input.empty() ? ".input" : "");
    if (slot.input.empty() && !options.shared_input.empty()) of_file = options.shared_input;
    if (written[of_file]++ == 0)
      files.add("input", of_file, slot.shape, 1, slot.kind == xs::InputKind::boxes, values.data());
  }
  xs::Execution execution(parameters->shared_layout());
  for (std::size_t p = 0; p < parameters->slots().size(); ++p) execution.bind(p, parameters->values(p).data());
  execution.keep_logits(true);
  xs::ThreadPool threads(2);
  execution.infer(xs::Slice(batch), nullptr, threads);

  const std::vector<xs::HeadSlot>& heads = parameters->layout().heads();
  for (std::size_t h = 0; h < heads.size(); ++h) {
    if (heads[h].member != 0) continue;
    const auto mean = [&](auto&& of) {
      std::vector<float> sum(of(h).begin(), of(h).end());
      float members = 1.0F;
      for (std::size_t other = h + 1; other < heads.size(); ++other) {
        if (heads[other].name() != heads[h].name()) continue;
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += of(other)[i];
        members += 1.0F;
      }
      for (float& value : sum) value /= members;
      return sum;
    };
    std::vector<float> predicted = mean([&](std::size_t k) { return execution.prediction(k); });
    if (heads[h].unit_vectors && parameters->layout().program().members > 1)
      for (std::size_t i = 0; i + 3 <= predicted.size(); i += 3) {
        const float length = std::hypot(predicted[i], predicted[i + 1], predicted[i + 2]);
        for (std::size_t k = 0; k < 3; ++k) predicted[i + k] /= length;
      }
    for (const float value : predicted) CHECK(std::isfinite(value));
    const xs::TensorShape &shape = heads[h].prediction, &logits = heads[h].output;
    files.add("output", heads[h].name(), shape.dims, static_cast<std::size_t>(shape.rows), false, predicted.data());
    if (!options.logits) continue;
    const std::vector<float> before = mean([&](std::size_t k) { return execution.logits(k); });
    files.add("output", heads[h].name() + ".logits", logits.dims, static_cast<std::size_t>(logits.rows), false,
              before.data());
  }
  files.finish();
}

}  // namespace cases
