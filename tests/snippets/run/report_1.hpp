#include <doctest/doctest.h>

#include <string>

#include "../../data/temporary_folder.hpp"
#include "../in_folder.hpp"

TEST_CASE("a picture with a box a block, and one with a box a layer") {
  const pages::InFolder folder;
  draw_pair();
  const auto read = [](const char* path) {
    const xstitch_test::Bytes bytes = xstitch_test::read_bytes(path);
    return std::string(bytes.begin(), bytes.end());
  };
  const std::string closed = read("pair.svg"), open = read("all.svg");
  CHECK(closed.starts_with("<svg"));
  CHECK(closed.ends_with("</svg>\n"));
  for (const std::string& picture : {closed, open})
    for (const std::string part : {"birds", "flowers", "layer4", ">layer1  2x2x16<", "32x32x16"})
      CHECK_MESSAGE(xstitch_test::contains(picture, part), part);
  CHECK_FALSE(xstitch_test::contains(closed, "conv2"));
  CHECK(xstitch_test::contains(open, "conv2"));
}
