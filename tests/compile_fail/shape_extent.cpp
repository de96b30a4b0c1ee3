// A Shape has no empty extent.
// expect: every extent of a Shape is at least 1
// expect: Shape<0, 36, 1>
#include <xstitch/core/shape.hpp>

#ifdef WRONG
using Input = xstitch::Shape<0, 36, 1>;
#else
using Input = xstitch::Shape<1, 36, 1>;
#endif
static_assert(Input::dims.channels == 1);
