#pragma once
/// \file
/// Messages of Protocol Buffers by a schema (.proto) that is read when the program runs, so that no generated code has
/// to be compiled and linked. Needs protobuf (components xstitch::caffe, xstitch::onnx).
///
/// Messages that are many or large are best declared as bytes, which is the same on disk: each is parsed when its turn
/// comes, so that only one of them is in memory twice, and bytes which claim millions of empty messages cost little.

#include <xstitch/core/error.hpp>

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/repeated_field.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace protobuf {

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
  [[nodiscard]] int integer(const char* name) const { return reflection().GetInt32(*message_, field(name)); }
  [[nodiscard]] int size(const char* name) const { return reflection().FieldSize(*message_, field(name)); }
  /// All of a repeated field of numbers.
  template <class T>
  [[nodiscard]] std::vector<T> numbers(const char* name) const {
    const auto all = reflection().GetRepeatedFieldRef<T>(*message_, field(name));
    return std::vector<T>(all.begin(), all.end());
  }
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

/// Makes empty messages by a schema; outlives them.
class Messages {
 public:
  explicit Messages(std::string_view schema) : factory_(&pool_) {
    pb::io::ArrayInputStream input(schema.data(), static_cast<int>(schema.size()));
    pb::io::Tokenizer tokens(&input, nullptr);
    pb::FileDescriptorProto file;
    file.set_name("xstitch.proto");
    pb::compiler::Parser parser;
    file_ = parser.Parse(&tokens, &file) ? pool_.BuildFile(file) : nullptr;
    if (file_ == nullptr) fail("the library protobuf does not accept a schema of xstitch's");
  }

  [[nodiscard]] Message make(const char* name) {
    return Message(std::unique_ptr<pb::Message>(factory_.GetPrototype(file_->FindMessageTypeByName(name))->New()));
  }

 private:
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_;
  const pb::FileDescriptor* file_ = nullptr;
};

}  // namespace protobuf
}  // namespace xstitch::inline XSTITCH_ISA
