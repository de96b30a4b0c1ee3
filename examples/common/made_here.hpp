#pragma once
// Where and when a training is made: commit of the program, processor, date. Results of several machines stand in one
// table, and bits depend on the processor.
#include <xstitch/io/json.hpp>

#include <string>

namespace protocol {

namespace xs = xstitch;

/// Of the checkout that the program was built from: "0123456789ab", "-dirty" after it where files differ from it.
std::string commit();
/// As /proc/cpuinfo calls it, and the instruction set of the kernels: "AMD EPYC 7B13, avx2".
std::string processor();
/// {"commit", "processor", "date"}; the date is of now, in UTC.
xs::Json made_here();

}  // namespace protocol
