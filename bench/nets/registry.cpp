// The networks that the other files of this folder announce.

#include "support/network.hpp"

#include <utility>
#include <vector>

namespace bench {
namespace {

std::vector<std::pair<Wanted, MakeNetwork>>& all() {
  static std::vector<std::pair<Wanted, MakeNetwork>> networks;
  return networks;
}

std::string text(const Wanted& w) {
  return "--network " + w.network + " --model " + w.model + " --precision " + w.precision + " --towers " +
         std::to_string(w.towers) + " --width " + std::to_string(w.width) + (w.dropout ? "" : " without dropout") +
         (w.unit == "paper" ? "" : " --unit " + w.unit);
}

}  // namespace

Registration::Registration(Wanted what, MakeNetwork make) { all().emplace_back(std::move(what), make); }

std::unique_ptr<Network> make_network(const Wanted& wanted, EditProgram* edit) {
  std::string known;
  for (const auto& [what, make] : all()) {
    if (what == wanted) return make(xs::seed(1), edit);
    known += "\n  " + text(what);
  }
  xs::fail("no network for ", text(wanted), "; there are:", known);
}

}  // namespace bench
