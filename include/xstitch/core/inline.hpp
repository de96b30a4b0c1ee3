#pragma once
/// \file
/// XSTITCH_INLINE, in place of `inline` before a function that is no template and not short.
///
/// It means `inline`. In a program of many sources each would compile these functions again, a third of their
/// compile time; there they can be compiled once: sources that are compiled with -DXSTITCH_COMPILED use them without
/// compiling them, and cmake/compiled.cpp has them (xstitch_add_compiled() of CMake makes a library of it). Without
/// optimisation clang compiles them in each source all the same.

#if defined(XSTITCH_COMPILE_HERE)
#define XSTITCH_INLINE [[gnu::used]] inline
#elif !defined(XSTITCH_COMPILED) || (defined(__clang__) && !defined(__OPTIMIZE__))
#define XSTITCH_INLINE inline
#elif defined(__clang__)
// Says of each that it is elsewhere, which is what is meant; and that it may have a static variable.
#pragma clang diagnostic ignored "-Wgnu-inline-cpp-without-extern"
#pragma clang diagnostic ignored "-Wstatic-local-in-inline"
#define XSTITCH_INLINE [[gnu::gnu_inline, gnu::noinline]] inline
#else
// g++ keeps what gnu_inline says is elsewhere until it knows that it does not want to inline it; without optimisation
// it knows at once.
#define XSTITCH_INLINE [[gnu::gnu_inline, gnu::optimize(0)]] inline
#endif
