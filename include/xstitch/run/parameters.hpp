#pragma once
/// \file
/// The parameters of one model: values, names, version, which of them are trained, and weights packed for inference.
/// One object a model; many executions read it, also from several threads. Who changes it says so by a WriteAccess,
/// which is refused while somebody predicts.

#include <xstitch/core/error.hpp>
#include <xstitch/core/finite.hpp>
#include <xstitch/core/initializer.hpp>
#include <xstitch/core/lock.hpp>
#include <xstitch/core/memory.hpp>
#include <xstitch/core/name_pattern.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/run/layout.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Weights in the order in which the forward pass of one program reads them.
struct PackedWeights {
  const void* program = nullptr;  ///< its functions
  std::uint64_t version = 0;
  Memory memory;
  std::vector<std::size_t> offsets;  ///< [operation]
};

class Parameters {
 public:
  static constexpr std::size_t npos = Layout::npos;

  /// Zeros, to be read from a file.
  [[gnu::cold]] XSTITCH_INLINE explicit Parameters(const Program& program)
      : layout_(std::make_shared<const Layout>(program)) {
    values_ = Memory(layout_->floats() * sizeof(float));
    for (const ParameterSlot& slot : layout_->slots())
      trained_.push_back(slot.spec.group != ParameterGroup::buffer && slot.spec.learning_rate_multiplier != 0.0F ? 1
                                                                                                                 : 0);
  }
  /// Initial values from a seed.
  [[gnu::cold]] Parameters(const Program& program, Seed seed) : Parameters(program) {
    seed_ = seed;
    initialize();
  }
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  /// A copy of the values as they are now, for whoever predicts during training.
  [[nodiscard]] std::shared_ptr<Parameters> copy() const {
    check_whole();
    auto other = std::make_shared<Parameters>(layout_->program());
    std::copy_n(values_.floats(), layout_->floats(), other->values_.floats());
    other->seed_ = seed_;
    other->trained_ = trained_;
    return other;
  }

  [[nodiscard]] const Layout& layout() const noexcept { return *layout_; }
  [[nodiscard]] std::shared_ptr<const Layout> shared_layout() const noexcept { return layout_; }
  [[nodiscard]] const std::vector<ParameterSlot>& slots() const noexcept { return layout_->slots(); }
  [[nodiscard]] Seed seed() const noexcept { return seed_; }
  [[nodiscard]] std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t bytes() const noexcept { return values_.bytes(); }

  [[nodiscard]] std::span<const float> values(std::size_t i) const {
    return {values_.floats() + slot(i).offset, slot(i).count};
  }
  /// To write through. What was packed from the old values is not used any more.
  [[nodiscard]] std::span<float> writable(std::size_t i) {
    refuse_while_read("a writable view of a parameter");
    changed();
    return {values_.floats() + slot(i).offset, slot(i).count};
  }
  /// For training, under a WriteAccess.
  [[nodiscard]] float* data(std::size_t i) noexcept { return values_.floats() + layout_->slots()[i].offset; }
  void changed() noexcept { version_.fetch_add(1, std::memory_order_acq_rel); }

  /// Whether training moves a parameter: set at run time, `Frozen` is only how it starts.
  [[nodiscard]] bool trained(std::size_t i) const { return trained_[i] != 0; }
  void set_trained(std::size_t i, bool trained) {
    if (slot(i).spec.group == ParameterGroup::buffer)
      fail("parameter '", slot(i).name, "' is a buffer, which training does not move");
    trained_[i] = trained ? 1 : 0;
    ++trained_version_;
  }
  /// Names of all parameters that can be trained.
  [[nodiscard]] std::vector<std::string> trainable_names() const {
    std::vector<std::string> names;
    for (const ParameterSlot& slot : slots())
      if (slot.spec.group != ParameterGroup::buffer) names.push_back(slot.name);
    return names;
  }
  /// Of all parameters whose names match (core/name_pattern.hpp); returns how many.
  XSTITCH_INLINE std::size_t set_trained(std::string_view pattern, bool trained) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < slots().size(); ++i) {
      if (slots()[i].spec.group == ParameterGroup::buffer || !name_pattern::matches(pattern, slots()[i].name)) continue;
      set_trained(i, trained);
      ++count;
    }
    if (count == 0)
      fail("set_trained: no parameter that can be trained matches \"", pattern, "\"; the nearest names are ",
           name_pattern::nearest(pattern, trainable_names()));
    return count;
  }
  [[nodiscard]] std::uint64_t trained_version() const noexcept { return trained_version_; }

  /// A step that broke off after it had changed some parameters: nothing may use them until they are loaded again.
  [[nodiscard]] bool torn() const noexcept { return torn_; }
  void set_torn(bool torn) noexcept { torn_ = torn; }
  void check_whole() const {
    if (torn_)
      fail(
          "the network's parameters are torn: an update met a gradient that is not finite after some parameters had "
          "been changed; load() them again, from the last checkpoint for example");
  }

  /// Name of the first parameter with a value that is not finite, or empty.
  [[nodiscard]] std::string find_non_finite() const {
    for (std::size_t i = 0; i < slots().size(); ++i)
      if (!all_finite(values(i))) return slots()[i].name;
    return {};
  }

  /// The weights packed for a program, made once a version.
  XSTITCH_INLINE std::shared_ptr<const PackedWeights> packed(const Layout& layout,
                                                             std::span<const float* const> pointers,
                                                             ThreadPool& threads) {
    const Lock lock(pack_mutex_);
    const Program& program = layout.program();
    const std::uint64_t now = version();
    for (const auto& p : packed_)
      if (p->program == program.forward.data() && p->version == now) return p;
    if (!packed_.empty() && packed_.front()->version != now) packed_.clear();  // all are of one version
    auto made = std::make_shared<PackedWeights>();
    made->program = program.forward.data();
    made->version = now;
    std::size_t bytes = 0;
    for (const Op& op : program.ops) {
      made->offsets.push_back(bytes);
      bytes += align_up(op.record->packed_bytes);
    }
    made->memory = Memory(bytes);
    for (std::size_t i = 0; i < program.ops.size(); ++i)
      if (program.ops[i].record->packed_bytes > 0)
        program.forward[i].pack(
            {pointers.data() + layout.first_parameter(i), made->memory.data() + made->offsets[i], threads});
    packed_.push_back(made);
    return made;
  }
  void drop_packed() {
    const Lock lock(pack_mutex_);
    packed_.clear();
  }

 private:
  friend class ReadAccess;
  friend class WriteAccess;

  [[nodiscard]] const ParameterSlot& slot(std::size_t i) const {
    if (i >= slots().size())
      fail("the network has ", slots().size(), " parameters, asked for number ", i,
           i == npos ? " (a name that was not found?)" : "");
    return slots()[i];
  }
  void refuse_while_read(const char* what) const {
    if (readers_.load(std::memory_order_acquire) > 0)
      fail(what, " is wanted while a prediction runs on the same parameters; use net.snapshot() to predict during it");
  }

  [[gnu::cold]] XSTITCH_INLINE void initialize() {
    const Program& program = layout_->program();
    for (std::size_t i = 0; i < program.ops.size(); ++i) {
      const RandomKey key = layout_->key(i, seed_, "fill");
      for (std::size_t p = 0; p < layout_->parameter_count(i); ++p) {
        const ParameterSlot& slot = slots()[layout_->first_parameter(i) + p];
        float* values = values_.floats() + slot.offset;
        if (slot.spec.initializer.kind != InitializerKind::custom) {
          initialize_parameter(slot.spec, values, key.with(p));
          continue;
        }
        if (program.training.empty() || program.training[i].initialize == nullptr)
          fail("parameter '", slot.name,
               "' asks for Initializer::custom(), but its operation has no "
               "`initialize(in, index, values, key)`");
        program.training[i].initialize(p, values, key.with(p));
      }
    }
  }

  std::shared_ptr<const Layout> layout_;
  Seed seed_{};
  Memory values_;
  std::atomic<std::uint64_t> version_{0};
  std::vector<std::uint8_t> trained_;
  std::uint64_t trained_version_ = 0;
  bool torn_ = false;
  Mutex pack_mutex_;
  std::vector<std::shared_ptr<const PackedWeights>> packed_;
  std::atomic<int> readers_{0};
  std::atomic<bool> written_{false};
};

// Readers and writers each announce themselves and then look for the other: sequentially consistent, so that they
// cannot both miss each other.

/// Held while somebody predicts.
class ReadAccess {
 public:
  explicit ReadAccess(Parameters& parameters) : parameters_(parameters) {
    parameters.readers_.fetch_add(1);
    if (!parameters.written_.load()) return;
    parameters.readers_.fetch_sub(1, std::memory_order_acq_rel);
    fail("a prediction was asked for while the same parameters are trained or loaded; use net.snapshot()");
  }
  ~ReadAccess() { parameters_.readers_.fetch_sub(1, std::memory_order_acq_rel); }
  ReadAccess(const ReadAccess&) = delete;
  ReadAccess& operator=(const ReadAccess&) = delete;

 private:
  Parameters& parameters_;
};

/// Held while somebody changes values.
class WriteAccess {
 public:
  WriteAccess(Parameters& parameters, const char* what) : parameters_(parameters) {
    if (parameters.written_.exchange(true)) fail(what, " was begun while the same parameters are trained or loaded");
    if (parameters.readers_.load() > 0) {
      parameters.written_.store(false, std::memory_order_release);
      parameters.refuse_while_read(what);
      fail(what, " was begun while a prediction ran on the same parameters; use net.snapshot()");
    }
  }
  ~WriteAccess() { parameters_.written_.store(false, std::memory_order_release); }
  WriteAccess(const WriteAccess&) = delete;
  WriteAccess& operator=(const WriteAccess&) = delete;

 private:
  Parameters& parameters_;
};

}  // namespace xstitch::inline XSTITCH_ISA
