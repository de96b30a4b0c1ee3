// A name in a template argument is printed as text, not as a list of numbers.
// expect: "conv1"
// never: 99, 111, 110, 118
#include <xstitch/core/fixed_string.hpp>

template <xstitch::FixedString Name>
struct Named {};

template <class T>
struct Other {
  static_assert(sizeof(T) == 0, "xstitch: asked for on purpose");
};

#ifdef WRONG
Other<Named<"conv1">> other;
#else
Named<"conv1"> named;
#endif
