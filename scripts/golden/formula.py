"""The formula of weights and images that golden scripts and tests share: 32 bits for each name and index.
tests/models/formula.hpp has the same."""
import numpy


def bits(name, index):
    seed = numpy.uint32(2166136261)
    with numpy.errstate(over="ignore"):
        for letter in name.encode():
            seed = (seed ^ numpy.uint32(letter)) * numpy.uint32(16777619)
        x = seed + index.astype(numpy.uint32) * numpy.uint32(0x9E3779B9)
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            x = (x ^ (x >> numpy.uint32(shift))) * numpy.uint32(factor)
        return x ^ (x >> numpy.uint32(16))
