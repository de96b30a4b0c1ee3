#pragma once
// Batches for any network, from a random key.
#include <xstitch/run/training.hpp>

#include <cmath>
#include <cstring>
#include <vector>

namespace support {

namespace xs = xstitch;

/// Random inputs (each slot its own numbers unless `shared`), and a label for every head.
inline xs::Batch random_batch(const xs::AnyNet& net, std::size_t size, std::uint64_t seed, bool shared = false) {
  xs::Batch batch;
  batch.size = size;
  const xs::RandomKey key = xs::RandomKey(xs::seed(seed));
  for (std::size_t s = 0; s < net.inputs().size(); ++s) {
    xs::AlignedVector values(size * net.inputs()[s].shape.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = key.with(shared ? 0 : s).normal(i);
    batch.inputs.push_back(values);
    batch.shared_input.push_back(s);
  }
  for (std::size_t h = 0; h < net.heads().size(); ++h) {
    const xs::LabelSpec& spec = net.heads()[h].label;
    const xs::RandomKey mine = key.with("labels").with(net.heads()[h].name());
    xs::LabelBatch label;
    label.present.assign(size, 1);
    label.rows = static_cast<std::size_t>(spec.rows);
    const std::size_t count = size * label.rows * spec.shape.size();
    if (spec.integral()) {
      for (std::size_t i = 0; i < count; ++i)
        label.indices.push_back(static_cast<std::int32_t>(mine.below(i, static_cast<std::uint64_t>(spec.classes))));
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        const float value = mine.normal(i);
        label.values.push_back(spec.kind != xs::LabelKind::binary ? value : value > 0.0F ? 1.0F : 0.0F);
      }
    }
    batch.labels.push_back(label);
  }
  return batch;
}

/// Every parameter, one after the other.
inline std::vector<float> all_parameters(const xs::AnyNet& net) {
  std::vector<float> all;
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    all.insert(all.end(), net.parameter(i).begin(), net.parameter(i).end());
  return all;
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// Copies the parameters of `from` into the parameters of the same names in `to`; returns how many.
inline std::size_t copy_parameters(const xs::AnyNet& from, xs::AnyNet& to) {
  std::size_t copied = 0;
  for (std::size_t i = 0; i < from.parameters().size(); ++i) {
    const std::size_t k = to.find_parameter(from.parameters()[i].name);
    if (k == xs::AnyNet::npos) continue;
    const auto source = from.parameter(i);
    const auto target = to.mutable_parameter(k);
    std::copy(source.begin(), source.end(), target.begin());
    ++copied;
  }
  return copied;
}

/// Of the paper's units.
inline void set_alpha(xs::AnyNet& net, float same, float different) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const xs::ParameterSlot& slot = net.parameters()[i];
    if (slot.spec.group != xs::ParameterGroup::stitch || slot.spec.name != "alpha") continue;
    const auto& size = slot.spec.extents.size;
    const auto values = net.mutable_parameter(i);
    std::size_t at = 0;
    for (int t = 0; t < size[0]; ++t)
      for (int s = 0; s < size[1]; ++s)
        for (int c = 0; c < size[2]; ++c) values[at++] = t == s ? same : different;
  }
}

/// Plain gradient descent. The fused multiply-add is explicit, so that its bits do not depend on where a compiler cut
/// the loop into vectors.
struct Descent {
  static constexpr std::size_t state_count = 0;
  float learning_rate = 0.1F;
  void update(const xs::UpdateCall& call) const {
    for (std::size_t i = 0; i < call.count; ++i)
      call.weight[i] = std::fma(-call.learning_rate, call.gradient[i], call.weight[i]);
  }
  [[nodiscard]] xs::Multipliers multipliers(xs::ParameterGroup) const { return {}; }
};

}  // namespace support
