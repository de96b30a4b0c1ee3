#include "record.hpp"

#include <xstitch/io/file.hpp>
#include <xstitch/io/folder.hpp>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string_view>
#include <utility>

#include "gzip_text.hpp"

namespace protocol {
namespace {

constexpr std::string_view ending = ".jsonl.gz";

/// Numbers in four significant digits: enough for a plot.
xs::Json rounded(const xs::Json& json) {
  if (json.is_number()) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", json.number());
    return std::strtod(text, nullptr);
  }
  if (json.is_array()) {
    xs::Json::Array all;
    for (const xs::Json& value : json.array()) all.push_back(rounded(value));
    return all;
  }
  if (!json.is_object()) return json;
  xs::Json all{xs::Json::Object{}};
  for (const auto& [name, value] : json.object())
    if (name != "time" && name != "seconds") all.set(name, name == "step" || name == "total" ? value : rounded(value));
  return all;
}

/// The lines of a training's log that curves are made of.
xs::Json::Array curves_of(const std::filesystem::path& log) {
  xs::Json::Array lines;
  if (!xs::file_exists(log)) return lines;
  const std::string text = xs::read_file(log);
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    try {
      xs::Json json = xs::Json::parse(line, log.string());
      const std::string& event = json.at("event").string();
      if (event == "start") {
        lines.clear();  // it began again in the same file
        xs::Json start = xs::Json().set("event", event).set("step", json.at("step")).set("total", json.at("total"));
        if (const xs::Json* towers = json.find("towers")) start.set("towers", *towers);
        lines.push_back(start.set("settings", xs::Json{}));
      } else if (event == "train") {
        lines.push_back(rounded(json));
      }
    } catch (const xs::Error&) {  // the end of a line that a crash cut off: the page says so where the log is
      continue;
    }
  }
  return lines;
}

xs::Json read_json(const std::filesystem::path& path) { return xs::Json::parse(xs::read_file(path), path.string()); }

}  // namespace

Record::Record(std::filesystem::path folder) : folder_(std::move(folder)) {
  if (!xs::file_exists(folder_)) return;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("seed") || !name.ends_with(ending)) continue;
    const std::string text = read_gzip(entry.path());
    std::size_t number = 0;
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      const std::string where = entry.path().string() + ", line " + std::to_string(++number);
      const xs::Json json = xs::Json::parse(rest.substr(0, end), where);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      const char* kind = json.find("training") != nullptr ? "training" : "evaluation";
      const std::string& of = json.at(kind).string();
      seeds_[seed_of(of)][{kind, of}] = json.at("result");
    }
  }
}

std::uint64_t Record::seed_of(const std::string& name) {
  std::uint64_t seed = 0;
  const char* begin = name.data() + std::min<std::size_t>(4, name.size());
  const auto [end, error] = std::from_chars(begin, name.data() + name.size(), seed);
  if (!name.starts_with("seed") || error != std::errc{} || end == name.data() + name.size() || *end != '.')
    xs::fail("found the name \"", name, "\", expected one that begins with seedN.");
  return seed % 1000;
}

const xs::Json* Record::find(const char* kind, const std::string& name) const {
  if (seeds_.empty()) return nullptr;
  const auto seed = seeds_.find(seed_of(name));
  if (seed == seeds_.end()) return nullptr;
  const auto found = seed->second.find({kind, name});
  return found == seed->second.end() ? nullptr : &found->second;
}

std::filesystem::path Record::file_of(std::uint64_t seed) const {
  return folder_ / ("seed" + std::to_string(seed) + std::string(ending));
}

std::size_t Record::add(const std::filesystem::path& output) {
  if (folder_.empty()) return 0;
  std::size_t added = 0;
  std::set<std::uint64_t> changed;
  const auto put = [&](const char* kind, const std::string& name, xs::Json json) {
    seeds_[seed_of(name)][{kind, name}] = std::move(json);
    changed.insert(seed_of(name));
    ++added;
  };
  if (const auto trainings = output / "trainings"; xs::file_exists(trainings))
    for (const auto& entry : std::filesystem::directory_iterator(trainings)) {
      const std::string name = entry.path().filename().string();
      const std::filesystem::path file = entry.path() / "result.json";
      if (!xs::file_exists(file) || training(name) != nullptr) continue;
      put("training", name, read_json(file).set("curves", curves_of(entry.path() / "training" / "log.jsonl")));
    }
  if (const auto evaluations = output / "evaluations"; xs::file_exists(evaluations))
    for (const auto& entry : std::filesystem::directory_iterator(evaluations)) {
      if (entry.path().extension() != ".json") continue;
      const std::string name = entry.path().stem().string();
      const xs::Json* known = evaluation(name);
      xs::Json json = read_json(entry.path());
      if (known != nullptr && known->at("test").string() == json.at("test").string()) continue;
      put("evaluation", name, std::move(json));
    }
  xs::make_folder(folder_);
  for (const std::uint64_t seed : changed) {
    std::string text;
    for (const auto& [key, json] : seeds_.at(seed))
      text += xs::Json().set(key.first, key.second).set("result", json).text() + "\n";
    write_gzip(file_of(seed), std::move(text));
  }
  return added;
}

}  // namespace protocol
