#pragma once
/// \file
/// The messages of a .caffemodel (Protocol Buffers) as far as weights need them: a .proto in our own words, with the
/// field numbers of Caffe's. It is read when the program runs, so that no generated code has to be compiled and linked.
/// Needs protobuf (component xstitch::caffe).
///
/// Layers and blobs are declared as bytes, which is the same on disk: each is parsed when its turn comes, so that only
/// one of them is in memory twice, and so that bytes which claim millions of empty messages cost little.

#include <xstitch/core/error.hpp>

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

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

namespace pb = google::protobuf;

/// A message and what its fields are called.
class Message {
 public:
  explicit Message(std::unique_ptr<pb::Message> message) : message_(std::move(message)) {}

  /// False where the bytes are no such message, or end within it. What was read until then is there.
  [[nodiscard]] bool parse(std::string_view bytes) {
    return message_->ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()));
  }
  [[nodiscard]] const pb::Message& message() const noexcept { return *message_; }
  [[nodiscard]] const pb::Reflection& reflection() const { return *message_->GetReflection(); }
  [[nodiscard]] const pb::FieldDescriptor* field(const char* name) const {
    return message_->GetDescriptor()->FindFieldByName(name);
  }
  [[nodiscard]] bool has(const char* name) const { return reflection().HasField(*message_, field(name)); }
  [[nodiscard]] std::string text(const char* name) const { return reflection().GetString(*message_, field(name)); }
  [[nodiscard]] int size(const char* name) const { return reflection().FieldSize(*message_, field(name)); }
  /// Element i of a repeated field of bytes, which is empty afterwards.
  [[nodiscard]] std::string take(const char* name, int i) {
    std::string bytes = reflection().GetRepeatedString(*message_, field(name), i);
    reflection().SetRepeatedString(message_.get(), field(name), i, std::string());
    return bytes;
  }
  [[nodiscard]] std::string bytes(const char* name, int i) const {
    return reflection().GetRepeatedString(*message_, field(name), i);
  }

 private:
  std::unique_ptr<pb::Message> message_;
};

/// Makes empty messages by the schema; outlives them.
class Messages {
 public:
  Messages() : factory_(&pool_) {
    pb::io::ArrayInputStream input(schema.data(), static_cast<int>(schema.size()));
    pb::io::Tokenizer tokens(&input, nullptr);
    pb::FileDescriptorProto file;
    file.set_name("xstitch/caffe.proto");
    pb::compiler::Parser parser;
    file_ = parser.Parse(&tokens, &file) ? pool_.BuildFile(file) : nullptr;
    if (file_ == nullptr) fail("the library protobuf does not accept xstitch's schema of Caffe files");
  }

  [[nodiscard]] Message make(const char* name) {
    return Message(std::unique_ptr<pb::Message>(factory_.GetPrototype(file_->FindMessageTypeByName(name))->New()));
  }

 private:
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_;
  const pb::FileDescriptor* file_ = nullptr;
};

}  // namespace caffe_details
}  // namespace xstitch::inline XSTITCH_ISA
