// Draws the networks of README.md and docs/models.md: the SVG files in docs/images/.
//
//   draw_networks FOLDER           writes them
//   draw_networks --check FOLDER   writes nothing; fails if a file is not what it would write
#include <xstitch/io/file.hpp>
#include <xstitch/losses/losses.hpp>
#include <xstitch/models/fcn32s.hpp>
#include <xstitch/models/resnet.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/split.hpp>
#include <xstitch/report/draw.hpp>

#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace xs = xstitch;

namespace {

using GarmentTrunk =
    xs::Layers<xs::Conv<"conv1", 10, 5>, xs::Relu, xs::MaxPool<2>, xs::Seam<"pool1">, xs::Conv<"conv2", 20, 5>,
               xs::Relu, xs::MaxPool<2>, xs::Seam<"pool2">, xs::Linear<"fc3", 50>, xs::Relu, xs::Seam<"fc3">>;
template <xs::FixedString Name>
using Garment = xs::Tower<Name, xs::Shape<36, 36, 1>, GarmentTrunk, xs::Linear<"fc4", 10>, xs::SoftmaxCrossEntropy>;
using Garments = xs::CrossStitch<Garment<"upper">, Garment<"lower">>;

using Segmentation = xs::models::Fcn32s<"segmentation", 40, xs::SoftmaxCrossEntropy, 480, 640>;
using Normals = xs::models::Fcn32s<"normals", 20, xs::CodebookCrossEntropy<20>, 480, 640>;
using Paper = xs::CrossStitch<Segmentation, Normals>;
using PaperSplit = xs::Split<"conv4", Segmentation, Normals>;

using Birds = xs::models::ResNet18<"birds", 200, xs::SoftmaxCrossEntropy>;
using Flowers = xs::models::ResNet18<"flowers", 102, xs::SoftmaxCrossEntropy>;
using ResNets = xs::CrossStitch<Birds, Flowers>;

int run(bool check, const std::string& folder) {
  const std::pair<std::string, std::string> pictures[] = {{"cross_stitch.svg", xs::draw<Garments>()},
                                                          {"paper_pair.svg", xs::draw<Paper>()},
                                                          {"paper_split.svg", xs::draw<PaperSplit>()},
                                                          {"resnet18_pair.svg", xs::draw<ResNets>()}};
  int wrong = 0;
  for (const auto& [name, svg] : pictures) {
    const std::string path = folder + "/" + name;
    if (!check) {
      xs::write_file_atomically(path, svg);
    } else if (!xs::file_exists(path) || xs::read_file(path) != svg) {
      std::cerr << path << " is not the picture of its network: run draw_networks " << folder << '\n';
      wrong = 1;
    }
  }
  return wrong;
}

}  // namespace

int main(int argc, char** argv) {
  const bool check = argc == 3 && std::string_view(argv[1]) == "--check";
  if (!check && argc != 2) {
    std::cerr << "usage: draw_networks [--check] FOLDER\n";
    return 2;
  }
  try {
    return run(check, argv[argc - 1]);
  } catch (const std::exception& error) {
    std::cerr << "draw_networks: " << error.what() << '\n';
    return 1;
  }
}
