#pragma once
/// \file
/// The one exception type of the library.

#include <xstitch/core/isa.hpp>
#include <xstitch/core/number_text.hpp>

#include <initializer_list>
#include <locale>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace xstitch {

/// Something from outside is not as it must be. The text says which file or name, what was found, what was expected.
/// Outside the instruction set's namespace and visible from shared objects, so that what one translation unit throws
/// another one catches, whatever -march and -fvisibility each is compiled with. Nothing of it is worth a vector
/// instruction, so one body may serve all.
class [[gnu::visibility("default")]] Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline namespace XSTITCH_ISA {

namespace detail {

/// A part of a message as text: numbers as streams write them. (Not by a stream: finding the right operator<< of a
/// hundred for each part of each message is what compiling a message would cost.)
template <class Part>
std::string text_of(const Part& part) {
  if constexpr (std::is_convertible_v<const Part&, std::string_view>) {
    return std::string(std::string_view(part));
  } else if constexpr (std::is_same_v<Part, char>) {
    return std::string(1, part);
  } else if constexpr (std::is_same_v<Part, bool>) {
    return part ? "1" : "0";
  } else if constexpr (std::is_integral_v<Part> && sizeof(Part) > 1) {
    return std::to_string(part);
  } else if constexpr (std::is_floating_point_v<Part>) {
    return number_text(static_cast<double>(part), 6);
  } else if constexpr (requires { part.native().c_str(), part.string(); }) {  // a path: quoted, as streams write it
    std::string text = "\"";
    for (const char letter : part.string()) (text += letter == '"' || letter == '\\' ? "\\" : "") += letter;
    return text + "\"";
  } else {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text << part;
    if (!text) throw std::bad_alloc();  // a stream that runs out of memory only says so when asked
    return text.str();
  }
}

/// A part of a message before it is text: an object, and what makes a text of it. Literals are of one type, whatever
/// their lengths, so that fail() is one function and not one a combination of types.
class MessagePart {
 public:
  constexpr MessagePart() = default;
  // NOLINTBEGIN(google-explicit-constructor): whatever is passed to fail()
  constexpr MessagePart(const char* text)
      : object_(text), text_([](const void* object) { return std::string(static_cast<const char*>(object)); }) {}
  template <class Part>
  constexpr MessagePart(const Part& part)
      : object_(&part), text_([](const void* object) { return text_of(*static_cast<const Part*>(object)); }) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] std::string text() const { return text_ == nullptr ? std::string{} : text_(object_); }

 private:
  const void* object_ = nullptr;
  std::string (*text_)(const void*) = nullptr;
};
inline constexpr MessagePart no_part{};

/// The text with its control characters, but for tabs and line ends, written as \xHH: names in a message come from
/// files, where a null byte would end the message and others would command the terminal.
inline std::string printable(const std::string& text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if ((code < 0x20 && letter != '\n' && letter != '\t') || code == 0x7F) {
      (out += "\\x") += digits[code >> 4U];
      out += digits[code & 15U];
    } else {
      out += letter;
    }
  }
  return out;
}

[[noreturn, gnu::cold]] inline void fail_with(std::initializer_list<const MessagePart*> parts) {
  std::string text;
  for (const MessagePart* part : parts) text += part->text();
  throw Error(printable(text));
}

}  // namespace detail

/// Throws Error with the parts written one after the other: fail("file ", path, ": found ", a, ", expected ", b).
[[noreturn, gnu::cold, gnu::noinline]] inline void fail(const detail::MessagePart& a,
                                                        const detail::MessagePart& b = detail::no_part,
                                                        const detail::MessagePart& c = detail::no_part,
                                                        const detail::MessagePart& d = detail::no_part) {
  detail::fail_with({&a, &b, &c, &d});
}
/// Throws an Error whose message is its arguments one after the other; numbers are written alike in every locale.
[[noreturn, gnu::cold, gnu::noinline]] inline void fail(const detail::MessagePart& a, const detail::MessagePart& b,
                                                        const detail::MessagePart& c, const detail::MessagePart& d,
                                                        const detail::MessagePart& e,
                                                        const detail::MessagePart& f = detail::no_part,
                                                        const detail::MessagePart& g = detail::no_part,
                                                        const detail::MessagePart& h = detail::no_part) {
  detail::fail_with({&a, &b, &c, &d, &e, &f, &g, &h});
}
/// The same, of more arguments.
[[noreturn, gnu::cold, gnu::noinline]] inline void fail(
    const detail::MessagePart& a, const detail::MessagePart& b, const detail::MessagePart& c,
    const detail::MessagePart& d, const detail::MessagePart& e, const detail::MessagePart& f,
    const detail::MessagePart& g, const detail::MessagePart& h, const detail::MessagePart& i,
    const detail::MessagePart& j = detail::no_part, const detail::MessagePart& k = detail::no_part,
    const detail::MessagePart& l = detail::no_part, const detail::MessagePart& m = detail::no_part,
    const detail::MessagePart& n = detail::no_part, const detail::MessagePart& o = detail::no_part,
    const detail::MessagePart& p = detail::no_part) {
  detail::fail_with({&a, &b, &c, &d, &e, &f, &g, &h, &i, &j, &k, &l, &m, &n, &o, &p});
}
/// Longer messages.
template <class... Parts>
requires(sizeof...(Parts) > 16) [[noreturn]] void fail(const Parts&... parts) {
  std::string text;
  ((text += detail::text_of(parts)), ...);
  fail(text);
}

}  // namespace XSTITCH_ISA
}  // namespace xstitch
