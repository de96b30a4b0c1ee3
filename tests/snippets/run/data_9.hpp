#include <doctest/doctest.h>

#include <filesystem>
#include <vector>

#include "../../data/voc_files.hpp"

TEST_CASE("proposals are computed once and kept for the next program") {
  const xstitch_test::VocFiles files;
  std::vector<xs::Box> first;
  {
    const xs::data::Voc voc = with_proposals(files.folder.path());
    CHECK(voc.proposals_from() == xs::data::VocProposals::computed);
    first = voc.proposals(0);
  }
  REQUIRE(!first.empty());
  const std::filesystem::path kept = files.folder.file("regions/2008_000001.npy");
  REQUIRE(std::filesystem::exists(kept));
  CHECK(with_proposals(files.folder.path()).proposals(0) == first);
}
