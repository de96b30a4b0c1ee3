// The functions of xstitch that are no templates, compiled once for all sources that are compiled with XSTITCH_COMPILED
// (include/xstitch/core/inline.hpp): the source of xstitch_add_compiled().
#define XSTITCH_COMPILE_HERE

#include <xstitch/report/draw.hpp>
#include <xstitch/report/job_report.hpp>
#include <xstitch/report/markdown.hpp>
#include <xstitch/rooms/rooms.hpp>
#include <xstitch/xstitch.hpp>
