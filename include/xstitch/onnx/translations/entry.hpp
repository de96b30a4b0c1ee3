#pragma once
/// \file
/// How an operation of the library is written as ONNX: its kind, and a function that makes the nodes.

#include <xstitch/onnx/operation.hpp>

#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {

struct Entry {
  std::string_view kind;
  void (*translate)(Operation&);
};

}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
