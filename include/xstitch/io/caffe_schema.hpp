#pragma once
/// \file
/// The messages of a .caffemodel (Protocol Buffers) as far as weights need them: a .proto in our own words, with the
/// field numbers of Caffe's. Layers and blobs are declared as bytes (io/protobuf_message.hpp). Needs protobuf
/// (component xstitch::caffe).

#include <xstitch/io/protobuf_message.hpp>

#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace caffe_details {

inline constexpr std::string_view schema = R"(
syntax = "proto2";
package xstitch.caffe;

message Network {
  optional bytes name = 1;
  repeated bytes old_layers = 2;  // OldLayer, of before 2015
  repeated bytes layers = 100;    // Layer
}
message Layer {
  optional bytes name = 1;
  optional bytes type = 2;
  repeated bytes blobs = 7;  // Blob: weights, then biases
  optional Convolution convolution = 106;
  optional InnerProduct inner_product = 117;
}
message OldLayer {
  optional bytes oldest = 1;  // a layer of before 2014
  optional bytes name = 4;
  optional int32 type = 5;
  repeated bytes blobs = 6;
  optional Convolution convolution = 10;
  optional InnerProduct inner_product = 17;
}
message Convolution {
  optional uint32 groups = 5;
}
message InnerProduct {
  optional bool transposed = 6;
}
message Blob {
  optional int32 count = 1;  // of before `shape`: always four extents
  optional int32 channels = 2;
  optional int32 height = 3;
  optional int32 width = 4;
  repeated float values = 5 [packed = true];  // unpacked ones are read, too
  optional BlobShape shape = 7;
  repeated double double_values = 8 [packed = true];
}
message BlobShape {
  repeated int64 extents = 1 [packed = true];
}
)";

using protobuf::Message;

struct Messages : protobuf::Messages {
  Messages() : protobuf::Messages(schema) {}
};

}  // namespace caffe_details
}  // namespace xstitch::inline XSTITCH_ISA
