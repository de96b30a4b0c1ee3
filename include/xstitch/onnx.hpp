#pragma once
/// \file
/// ONNX files: export_onnx() writes a network. Not in xstitch.hpp, so that only programs that export pay for it. What
/// reads weights from ONNX files, <xstitch/onnx/load.hpp>, is the component xstitch::onnx.

#include <xstitch/onnx/export.hpp>  // IWYU pragma: export
