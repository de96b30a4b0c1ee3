#pragma once
/// \file
/// R's XDR serialisation (versions 2 and 3), as far as a data frame needs it: vectors, lists, attributes, symbols, and
/// compact sequences. Big-endian; a value is a word of flags (type, attributes, tag), then its content.
///
/// Errors: another version, a type that tables do not need, a length beyond the data, nesting too deep, more memory
/// than the file allows (io/limits.hpp): a sequence, or a reference to a symbol, is short in the file whatever it
/// stands for. Source: "R Internals", section 1.8, Serialization Formats.

#include <xstitch/core/error.hpp>
#include <xstitch/io/limits.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::detail {

/// A value of R, as far as tables need it.
struct RValue {
  enum class Kind : std::uint8_t { null, numbers, texts, list, pairs, symbol, other };
  Kind kind = Kind::null;
  std::vector<double> numbers;
  std::vector<std::string> texts;  ///< a symbol's name is texts[0]
  std::vector<RValue> items;       ///< of a list; the values of pairs (their keys are in `texts`)
  std::vector<std::string> attribute_names;
  std::vector<RValue> attributes;  ///< one a name

  [[nodiscard]] const RValue* attribute(const std::string& name) const {
    for (std::size_t i = 0; i < attributes.size(); ++i)
      if (attribute_names[i] == name) return &attributes[i];
    return nullptr;
  }
  [[nodiscard]] RValue* attribute(const std::string& name) {
    return const_cast<RValue*>(std::as_const(*this).attribute(name));
  }
};

class RReader {
 public:
  /// What the values take is taken from `budget`, which the file that they come from allows.
  RReader(std::span<const std::uint8_t> bytes, std::string where, limits::Budget& budget)
      : bytes_(bytes), where_(std::move(where)), budget_(budget) {
    if (bytes.size() < 14 || bytes[0] != 'X' || bytes[1] != '\n') broken("no XDR serialisation");
    at_ = 2;
    const std::int32_t version = integer();
    integer();
    integer();
    if (version == 3) take(count());  // native encoding
    if (version != 2 && version != 3) broken("version " + std::to_string(version) + " of the serialisation");
  }

  RValue value(int depth = 0) {
    if (depth > 100) broken("values nested more than 100 deep");
    const auto flags = static_cast<std::uint32_t>(integer());
    const std::uint32_t type = flags & 0xffU;
    const bool has_attributes = (flags & 0x200U) != 0;
    RValue out;
    switch (type) {
      case 254:
        return out;  // NULL
      case 241:
      case 242:
      case 243:
      case 247:
      case 248:
      case 251:
      case 252:
      case 253:  // environments and such
        out.kind = RValue::Kind::other;
        return out;
      case 255: {  // a symbol seen before
        const std::size_t index = (flags >> 8) != 0 ? flags >> 8 : count();
        if (index < 1 || index > symbols_.size()) broken("a reference to nothing");
        return symbol(symbols_[index - 1]);
      }
      case 1:
        out.texts = value(depth + 1).texts;
        if (out.texts.size() != 1) broken("a symbol without a name");
        budget_.take(3 * sizeof(std::string));  // the list grows
        symbols_.push_back(std::move(out.texts[0]));
        return symbol(symbols_.back());
      case 2:
        return pairs(flags, depth);
      case 9: {
        out.kind = RValue::Kind::texts;
        const std::int32_t length = integer();
        const auto text = take(length < 0 ? 0 : static_cast<std::size_t>(length));
        budget_.take(text.size() + sizeof(std::string));
        out.texts.emplace_back(text.begin(), text.end());
        return out;
      }
      case 10:
      case 13:
        out.kind = RValue::Kind::numbers;
        for (std::size_t i = 0, n = reserved(out.numbers, count(4)); i < n; ++i) {
          const std::int32_t x = integer();
          out.numbers.push_back(x == std::numeric_limits<std::int32_t>::min() ? std::numeric_limits<double>::quiet_NaN()
                                                                              : x);
        }
        break;
      case 14:
        out.kind = RValue::Kind::numbers;
        for (std::size_t i = 0, n = reserved(out.numbers, count(8)); i < n; ++i) out.numbers.push_back(real());
        break;
      case 16:
        out.kind = RValue::Kind::texts;
        for (std::size_t i = 0, n = reserved(out.texts, count(4)); i < n; ++i) {
          RValue text = value(depth + 1);
          if (text.texts.size() != 1) broken("a text vector of something else");
          out.texts.push_back(std::move(text.texts[0]));
        }
        break;
      case 19:
      case 20:
        out.kind = RValue::Kind::list;
        for (std::size_t i = 0, n = reserved(out.items, count(4)); i < n; ++i) out.items.push_back(value(depth + 1));
        break;
      case 238:
        return alternative(depth);
      default:
        broken("a value of type " + std::to_string(type));
    }
    if (has_attributes) attach(out, value(depth + 1));
    return out;
  }

 private:
  /// A pairlist: attributes, tag, value, and so on to its end, without recursion.
  RValue pairs(std::uint32_t flags, int depth) {
    RValue out;
    out.kind = RValue::Kind::pairs;
    for (;;) {
      if ((flags & 0x200U) != 0) value(depth + 1);
      RValue tag;
      budget_.take(3 * (sizeof(std::string) + sizeof(RValue)));  // both lists grow
      if ((flags & 0x400U) != 0) tag = value(depth + 1);
      out.texts.push_back(tag.texts.empty() ? std::string{} : std::move(tag.texts[0]));
      out.items.push_back(value(depth + 1));
      const std::size_t before = at_;
      flags = static_cast<std::uint32_t>(integer());
      if ((flags & 0xffU) == 2) continue;
      if ((flags & 0xffU) != 254) at_ = before, value(depth + 1);
      return out;
    }
  }
  /// ALTREP: a compact sequence of numbers, or a wrapper round a plain vector.
  RValue alternative(int depth) {
    const RValue info = value(depth + 1);
    RValue state = value(depth + 1);
    RValue attributes = value(depth + 1);
    const std::string kind =
        !info.items.empty() && !info.items[0].texts.empty() ? info.items[0].texts[0] : std::string{};
    RValue out;
    if (kind.starts_with("compact_") && state.numbers.size() == 3 && state.numbers[0] >= 0 && state.numbers[0] < 1e8) {
      out.kind = RValue::Kind::numbers;
      reserved(out.numbers, static_cast<std::size_t>(state.numbers[0]));
      for (double i = 0; i < state.numbers[0]; ++i) out.numbers.push_back(state.numbers[1] + i * state.numbers[2]);
    } else if (kind.starts_with("wrap_") && !state.items.empty()) {
      out = std::move(state.items[0]);
    } else {
      out.kind = RValue::Kind::other;
    }
    attach(out, std::move(attributes));
    return out;
  }
  static void attach(RValue& to, RValue attributes) {
    if (to.attributes.empty() && attributes.items.size() == attributes.texts.size()) {
      to.attribute_names = std::move(attributes.texts);
      to.attributes = std::move(attributes.items);
      return;
    }
    for (std::size_t i = 0; i < attributes.items.size() && i < attributes.texts.size(); ++i) {
      to.attribute_names.push_back(std::move(attributes.texts[i]));
      to.attributes.push_back(std::move(attributes.items[i]));
    }
  }
  RValue symbol(const std::string& name) {
    budget_.take(name.size() + sizeof(std::string));
    RValue out;
    out.kind = RValue::Kind::symbol;
    out.texts.push_back(name);
    return out;
  }
  /// Makes room for `n` elements, at most as many as there are bytes.
  template <class T>
  std::size_t reserved(std::vector<T>& elements, std::size_t n) {
    budget_.take(n, sizeof(T));
    elements.reserve(n);
    return n;
  }

  std::span<const std::uint8_t> take(std::size_t n) {
    if (n > bytes_.size() - at_) broken("the end of the data");
    const auto piece = bytes_.subspan(at_, n);
    at_ += n;
    return piece;
  }
  std::int32_t integer() {
    const auto b = take(4);
    return static_cast<std::int32_t>((std::uint32_t{b[0]} << 24) | (std::uint32_t{b[1]} << 16) |
                                     (std::uint32_t{b[2]} << 8) | b[3]);
  }
  double real() {
    std::uint64_t bits = 0;
    for (const std::uint8_t b : take(8)) bits = (bits << 8) | b;
    return std::bit_cast<double>(bits);  // NA is a NaN
  }
  /// A length; the elements, of at least `bytes` each, must still be there.
  std::size_t count(std::size_t bytes = 1) {
    const std::int32_t n = integer();
    if (n < 0 || static_cast<std::size_t>(n) > (bytes_.size() - at_) / bytes) broken("a vector longer than the data");
    return static_cast<std::size_t>(n);
  }
  [[noreturn]] void broken(const std::string& what) const {
    fail(where_, ": found ", what, " at byte ", at_, ", expected a value of R that a table needs");
  }

  std::span<const std::uint8_t> bytes_;
  std::string where_;
  limits::Budget& budget_;
  std::size_t at_ = 0;
  std::vector<std::string> symbols_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data::detail
