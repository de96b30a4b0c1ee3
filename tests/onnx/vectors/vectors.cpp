// Every test case of ONNX's own (Debian's libonnx-testdata) that our operations, losses and optimizers can express: our
// numbers against those in the case. docs/conformance.md has the outcome; it is written by this program
// (XSTITCH_WRITE_CONFORMANCE=1) and compared with every run.
#include <xstitch/io/protobuf_writer.hpp>
#include <xstitch/onnx/load.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "../../data/temporary_folder.hpp"
#include "rules.hpp"

namespace vectors {
namespace {

namespace files = std::filesystem;
const files::path data = "/usr/share/libonnx-testdata/data";
const files::path page = files::path(XSTITCH_TEST_DIRECTORY).parent_path() / "docs" / "conformance.md";

// In our own words, with the field numbers of onnx.proto3.
constexpr std::string_view schema = R"(
syntax = "proto2";
package xstitch.vectors;

message Model {
  optional bytes graph = 7;
  repeated bytes opsets = 8;
}
message Opset {
  optional string domain = 1;
  optional int64 version = 2;
}
message Graph {
  repeated bytes nodes = 1;
  repeated bytes initializers = 5;
  repeated bytes inputs = 11;
  repeated bytes outputs = 12;
}
message Node {
  repeated string inputs = 1;
  repeated string outputs = 2;
  optional string type = 4;
  repeated bytes attributes = 5;
}
message Attribute {
  optional string name = 1;
  optional float real = 2;
  optional int64 whole = 3;
  optional bytes words = 4;
  optional bytes tensor = 5;
  repeated int64 list = 8;
  repeated bytes texts = 9;
}
message Value {
  optional string name = 1;
  optional bytes type = 2;
}
message Type {
  optional bytes tensor = 1;
}
message TensorType {
  optional int32 element = 1;
}
)";

std::string bytes_of(const files::path& path) {
  const std::vector<std::uint8_t> bytes = xs::file::read_regular(path.string(), "a file");
  return {bytes.begin(), bytes.end()};
}

struct Result {
  std::string name;  ///< "node/test_relu"
  std::string type;  ///< the operator: of several nodes, the first that matters
  enum { passed, in_part, foreign, unsuitable } outcome = foreign;
  std::string why{};
  std::set<std::string> kinds{};
};

class Reader {
 public:
  Reader() : messages_(schema) {
    add_convolutions(rules_, table_), add_pools(rules_, table_), add_norms(rules_, table_);
    add_elements(rules_, table_), add_structure(rules_, table_), add_training(rules_, table_);
  }
  Table& table() { return table_; }
  double largest = 0.0;  ///< difference of all passed cases, over the largest element

  Result read(const files::path& folder) {
    INFO(folder.string());
    Result result{.name = folder.parent_path().filename().string() + "/" + folder.filename().string(), .type = ""};
    Run run{.table = table_};
    std::vector<std::string> inputs, outputs;
    xs::ProtobufWriter graph;  // the tensors of the case, for the library's reader of ONNX files
    const std::string other = load(folder, run, inputs, outputs, graph);
    for (const Node& node : run.nodes) {
      const bool known = rules_.arithmetic.count(node.type) > 0, structure = rules_.structure.count(node.type) > 0;
      if (known && result.type.empty()) result.type = node.type;
      if (known || structure || node.type == "Constant") continue;
      result.type = node.type;
      return result;
    }
    result.outcome = Result::unsuitable;
    if (result.type.empty()) {
      result.type = run.nodes.back().type, result.why = "order and extents alone: nothing is computed";
      return result;
    }
    if (!other.empty()) {
      result.why = other;
      return result;
    }
    try {
      compute(folder, run, inputs, outputs, graph);
      result.outcome = run.note.empty() ? Result::passed : Result::in_part;
      result.why = run.note;
    } catch (const NotExpressible& no) {
      result.why = no.why;
    } catch (const Missing& missing) {
      FAIL_CHECK("the table has no entry \"" << missing.key << "\"");
    }
    result.kinds = run.kinds;
    return result;
  }

 private:
  std::string load(const files::path& folder, Run& run, std::vector<std::string>& inputs,
                   std::vector<std::string>& outputs, xs::ProtobufWriter& tensors) {
    const auto parsed = [&](const char* type, const std::string& bytes) {
      xs::protobuf::Message message = messages_.make(type);
      REQUIRE(message.parse(bytes));
      return message;
    };
    const auto model = parsed("Model", bytes_of(folder / "model.onnx"));
    const auto graph = parsed("Graph", model.text("graph"));
    const auto whole = [](const xs::protobuf::Message& m, const char* name) {
      return m.reflection().GetInt64(m.message(), m.field(name));
    };
    std::int64_t opset = 0;
    for (int i = 0; i < model.size("opsets"); ++i) {
      const auto one = parsed("Opset", model.bytes("opsets", i));
      if (one.text("domain").empty()) opset = whole(one, "version");
    }
    for (int i = 0; i < graph.size("nodes"); ++i) {
      const auto message = parsed("Node", graph.bytes("nodes", i));
      Node& node = run.nodes.emplace_back();
      node.type = message.text("type"), node.opset = opset;
      for (int k = 0; k < message.size("inputs"); ++k) node.inputs.push_back(message.bytes("inputs", k));
      for (int k = 0; k < message.size("outputs"); ++k) node.outputs.push_back(message.bytes("outputs", k));
      for (int k = 0; k < message.size("attributes"); ++k) {
        const auto a = parsed("Attribute", message.bytes("attributes", k));
        Setting& setting = node.settings[a.text("name")];
        setting = {a.reflection().GetFloat(a.message(), a.field("real")), whole(a, "whole"), a.text("words"),
                   a.numbers<std::int64_t>("list"), a.text("tensor")};
        for (int t = 0; t < a.size("texts"); ++t) setting.words += (t > 0 ? "\n" : "") + a.bytes("texts", t);
      }
      if (node.type == "Constant")
        tensors.bytes(5, node.settings["value"].tensor + xs::ProtobufWriter().bytes(8, node.outputs[0]).bytes());
    }
    for (int i = 0; i < graph.size("initializers"); ++i) tensors.bytes(5, graph.bytes("initializers", i));
    std::string other;
    const auto value = [&](const std::string& bytes, std::vector<std::string>& names, bool first) {
      const auto one = parsed("Value", bytes);
      names.push_back(one.text("name"));
      const auto type = parsed("Type", one.text("type"));
      if (!type.has("tensor")) {
        other = "sequences and optional values";
        return;
      }
      static const std::map<int, std::string> words{{10, "float16"}, {11, "double"}, {9, "bool"}};
      const int element = parsed("TensorType", type.text("tensor")).integer("element");
      if (first && element != 1)
        other = "elements of type " + (words.count(element) > 0 ? words.at(element) : "integer");
    };
    std::vector<std::string> names;
    for (int i = 0; i < graph.size("inputs"); ++i) value(graph.bytes("inputs", i), inputs, i == 0);
    for (int i = 0; i < graph.size("outputs"); ++i) value(graph.bytes("outputs", i), outputs, false);
    return other;
  }

  void compute(const files::path& folder, Run& run, const std::vector<std::string>& inputs,
               const std::vector<std::string>& outputs, xs::ProtobufWriter& tensors) {
    const files::path set = folder / "test_data_set_0";
    const auto add = [&](const std::string& file, const std::string& name) {
      if (files::exists(set / file))  // a later field of the same number counts
        tensors.bytes(5, bytes_of(set / file) + xs::ProtobufWriter().bytes(8, name).bytes());
    };
    for (std::size_t i = 0; i < inputs.size(); ++i) add("input_" + std::to_string(i) + ".pb", inputs[i]);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      add("output_" + std::to_string(i) + ".pb", "expected " + outputs[i]);
    const std::string path = folder_.file("case.onnx");
    std::ofstream(path, std::ios::binary) << xs::ProtobufWriter().whole(1, 8).message(7, tensors).bytes();
    const xs::OnnxFile file(path);
    for (const auto& [name, tensor] : file.tensors())
      run.values[name] = {
          .extents = Axes(tensor.shape.begin(), tensor.shape.end()), .values = tensor.values, .unread = tensor.unread};
    for (const Node& node : run.nodes) {
      if (node.type == "Constant") continue;
      Inputs in;
      for (const std::string& name : node.inputs) in.push_back(name.empty() ? nullptr : &run.values.at(name));
      const auto rule = rules_.arithmetic.find(node.type);
      const std::vector<Tensor> results =
          (rule != rules_.arithmetic.end() ? rule->second : rules_.structure.at(node.type))(node, in, run);
      REQUIRE(results.size() >= node.outputs.size());
      for (std::size_t k = 0; k < node.outputs.size(); ++k) run.values[node.outputs[k]] = results[k];
    }
    for (const std::string& name : outputs) {
      INFO("output ", name);
      const Tensor &ours = run.values.at(name), &theirs = run.values.at("expected " + name);
      if (ours.absent) continue;
      CHECK(theirs.unread == "");
      CHECK(ours.extents == theirs.extents);
      REQUIRE(ours.values.size() == theirs.values.size());
      REQUIRE(!theirs.values.empty());
      double most = 0, difference = 0;
      for (std::size_t i = 0; i < theirs.values.size(); ++i) {
        const double a = static_cast<double>(ours.values[i]), b = static_cast<double>(theirs.values[i]);
        most = std::max(most, std::abs(b));
        difference = std::abs(a - b) <= difference ? difference : std::abs(a - b);  // NaN sticks
      }
      CHECK(difference <= 2e-6 * most + 1e-7);
      if (most > 0) largest = std::max(largest, difference / most);
    }
  }

  xs::protobuf::Messages messages_;
  Rules rules_;
  Table table_;
  xstitch_test::TemporaryFolder folder_;
};

std::string joined(const std::set<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ", ") + one;
  return text;
}

/// The page from its first table on; what stands above is kept.
std::string written(const std::vector<Result>& results) {
  std::size_t counts[4] = {};
  std::map<std::string, std::pair<std::set<std::string>, std::set<std::string>>> passed;  // operator: ours, cases
  std::map<std::pair<std::string, std::string>, std::set<std::string>> part, unsuitable;
  std::map<std::string, std::size_t> foreign;
  for (const Result& one : results) {
    ++counts[one.outcome];
    const std::string name = one.name.substr(one.name.find("test_") + 5);
    if (one.outcome == Result::passed) {
      passed[one.type].first.insert(one.kinds.begin(), one.kinds.end());
      passed[one.type].second.insert(name);
    } else if (one.outcome == Result::in_part) {
      part[{one.type, one.why}].insert(name);
    } else if (one.outcome == Result::unsuitable) {
      unsuitable[{one.type, one.why}].insert(name);
    } else {
      ++foreign[one.type];
    }
  }
  std::ostringstream text;
  text << "<!-- from here on written by tests/onnx/vectors -->\n\n| cases | |\n| --- | --- |\n| "
       << counts[Result::passed] << " | passed |\n| " << counts[Result::in_part]
       << " | passed in the outputs that we have |\n| " << counts[Result::unsuitable]
       << " | an operator that we have, in a way that we do not have |\n| " << counts[Result::foreign]
       << " | an operator that we do not have |\n\n## Passed\n\n"
       << "| operator | ours | cases | |\n| --- | --- | --- | --- |\n";
  for (const auto& [type, what] : passed)
    text << "| " << type << " | " << joined(what.first) << " | " << what.second.size() << " | " << joined(what.second)
         << " |\n";
  const auto table = [&](const char* title, const char* column, const auto& all) {
    text << "\n## " << title << "\n\n| operator | " << column << " | cases | |\n| --- | --- | --- | --- |\n";
    for (const auto& [what, names] : all)
      text << "| " << what.first << " | " << what.second << " | " << names.size() << " | " << joined(names) << " |\n";
  };
  table("Passed in part", "not compared", part);
  table("Not expressible: a setting or shape that we do not have", "why", unsuitable);
  text
      << "\n## Not expressible: no such operation\n\nIn brackets the number of cases; of a case with several operators "
         "the first that is missing.\n\n";
  std::string line;
  for (const auto& [type, count] : foreign) {
    const std::string item = type + " (" + std::to_string(count) + ")" + (type == foreign.rbegin()->first ? "." : ",");
    if (line.size() + item.size() > 118) text << line << "\n", line.clear();
    line += (line.empty() ? "" : " ") + item;
  }
  text << line << "\n";
  return text.str();
}

}  // namespace

TEST_CASE("ONNX's test vectors") {
  Reader reader;
  std::vector<files::path> folders;
  for (const char* group : {"node", "pytorch-converted", "pytorch-operator", "simple"})
    for (const files::directory_entry& entry : files::directory_iterator(data / group)) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  std::vector<Result> results;
  for (const files::path& folder : folders) results.push_back(reader.read(folder));
  MESSAGE("largest difference of an output over its largest element: " << reader.largest);

  std::string found = bytes_of(page);
  const std::size_t start = found.find("<!-- from here on");
  REQUIRE(start != std::string::npos);
  const std::string expected = written(results);
  if (std::getenv("XSTITCH_WRITE_CONFORMANCE") != nullptr) {
    xs::write_file_atomically(page, found.substr(0, start) + expected);
    return;
  }
  // Another release of the package has other cases, and the page tells of one.
  const auto here = "of " + std::to_string(folders.size()) + " cases";
  if (found.substr(0, start).find(here) == std::string::npos) {
    MESSAGE("docs/conformance.md is not compared: this package holds " << folders.size() << " cases");
    return;
  }
  CHECK_MESSAGE(found.substr(start) == expected,
                "docs/conformance.md is out of date: run this program with XSTITCH_WRITE_CONFORMANCE=1");
  for (const std::string& key : reader.table().never_asked_for())
    FAIL_CHECK("no case asks for the entry \"" << key << "\"");
}

}  // namespace vectors
