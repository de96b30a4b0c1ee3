// The main function of every test program, compiled once: doctest's implementation is the slow part of it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
