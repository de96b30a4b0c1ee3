#pragma once
// Results that outlive the machine they were made on: what trainings cost and what came of judging rows, without the
// networks; small enough to be committed. A file a seed, gzip, a line of JSON each:
//
//   FOLDER/seed1.jsonl.gz
//     {"training": NAME, ...}     result.json of the training, and its curves in few digits
//     {"evaluation": NAME, ...}   evaluations/NAME.json of the row
//
// Lines are in the order of names, so that the same results are the same bytes. An ensemble's partner (seed s + 1000)
// is in the file of seed s.
#include <xstitch/io/json.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace protocol {

namespace xs = xstitch;

class Record {
 public:
  Record() = default;  ///< of no folder: empty, and stays so
  /// Reads what is there. A folder that is not there is an empty one.
  explicit Record(std::filesystem::path folder);

  /// Null: not known.
  [[nodiscard]] const xs::Json* training(const std::string& name) const { return find("training", name); }
  [[nodiscard]] const xs::Json* evaluation(const std::string& name) const { return find("evaluation", name); }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  /// Adds what a folder of a run has finished, and writes the files that change. What is known stays; only an
  /// evaluation on another test set takes its place. Gives the number of lines that were added.
  std::size_t add(const std::filesystem::path& output);

  /// Errors: a name that does not begin with "seedN.".
  static std::uint64_t seed_of(const std::string& name);

 private:
  using Key = std::pair<std::string, std::string>;  ///< kind, name
  [[nodiscard]] const xs::Json* find(const char* kind, const std::string& name) const;
  [[nodiscard]] std::filesystem::path file_of(std::uint64_t seed) const;

  std::filesystem::path folder_;
  std::map<std::uint64_t, std::map<Key, xs::Json>> seeds_;
};

}  // namespace protocol
