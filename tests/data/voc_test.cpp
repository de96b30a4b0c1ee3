// needs: voc
// A small devkit: what samples hold, where boxes go, and where regions come from.
#include <xstitch/data/loader.hpp>
#include <xstitch/data/voc.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "voc_files.hpp"

using namespace xstitch_test;
using xs::Box;
using xs::data::RegionChoice;
using xs::data::Voc;
using xs::data::VocProposals;

static_assert(xs::DataSet<Voc> && xs::DrawsSamples<Voc> && xs::data::DetectionSet<Voc>);

namespace {

const xs::data::VocOptions small{.height = 30, .width = 40, .scaling = {}, .regions = {.count = 8}};

/// Options with other regions.
xs::data::VocOptions with(std::size_t count, RegionChoice choice) {
  xs::data::VocOptions options = small;
  options.regions = {.count = count, .choice = choice};
  return options;
}

}  // namespace

TEST_CASE("annotations, attributes, fields") {
  const VocFiles files;
  const Voc voc(files.folder.path(), small);
  REQUIRE(voc.size() == 3);
  CHECK(voc.id(1) == "2008_000002");
  CHECK(voc.describe(0) == "file " + files.jpeg("2008_000001"));
  const xs::data::VocAnnotation& first = voc.annotation(0);
  CHECK(first.height == 60);
  CHECK(first.width == 80);
  REQUIRE(first.objects.size() == 2);
  CHECK(first.objects[0].class_index == 17);
  CHECK(voc.class_names()[17] == "sofa");
  CHECK(first.objects[0].box == Box{10, 20, 50, 50});  // its sides came in another order
  CHECK(first.objects[0].occluded);
  CHECK(!first.objects[0].difficult);
  CHECK(first.objects[0].attributes == std::vector<std::uint8_t>{0, 0, 1});
  CHECK(first.objects[1].difficult);
  CHECK(first.objects[1].attributes.empty());
  CHECK(voc.annotation(1).objects[0].attributes == std::vector<std::uint8_t>{1, 1, 0});  // a pixel off
  CHECK(voc.annotation(2).objects.empty());
  CHECK(voc.attribute_names() == std::vector<std::string>{"Tail", "Head", "Cloth"});
  CHECK(voc.attribute_rows_left_over().empty());  // the row of an image of another set is none
  REQUIRE(voc.inputs().size() == 2);
  CHECK(voc.inputs()[0].shape == xs::Dims{30, 40, 3});
  CHECK(voc.inputs()[1].shape == xs::Dims{8, 1, 5});
  REQUIRE(voc.labels().size() == 3);
  CHECK(voc.labels()[0].spec == xs::LabelSpec{xs::LabelKind::class_index, {1, 1, 1}, {}, 21, 8});
  CHECK(voc.labels()[2].spec == xs::LabelSpec{xs::LabelKind::binary, {1, 1, 3}, {1, 1, 3}, 0, 8});
  // The year's folder and the devkit will do as well; without lists there are no attributes.
  CHECK(Voc(files.year.string(), small).labels().size() == 3);
  CHECK(Voc(files.year.parent_path().string() + "/", small).labels().size() == 3);
  std::filesystem::remove_all(files.lists());
  CHECK(Voc(files.folder.path(), small).labels().size() == 2);
}

TEST_CASE("every size of picture goes into the middle, and boxes with it") {
  const VocFiles files;
  const Voc voc(files.folder.path(), with(4, RegionChoice::objects));
  xs::Sample sample;
  voc.load(0, sample);  // 60 x 80 to 30 x 40: halved
  CHECK(sample.inputs[1] == std::vector<float>{1, 5, 10, 25, 25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  CHECK(sample.labels[0].indices == std::vector<std::int32_t>{18, -1, -1, -1});
  CHECK(sample.labels[1].values[0] == 18);
  CHECK(std::vector<float>(sample.labels[2].values.begin(), sample.labels[2].values.begin() + 3) ==
        std::vector<float>{0, 0, 1});
  CHECK(sample.labels[2].mask == std::vector<std::uint8_t>{1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const auto pixel = [&](std::size_t row, std::size_t column, std::size_t channel) {
    return sample.inputs[0][(row * 40 + column) * 3 + channel];
  };
  CHECK(pixel(15, 5, 0) == doctest::Approx((220 / 255.0 - 0.5) * 4).epsilon(0.03));
  CHECK(pixel(15, 35, 2) == doctest::Approx((220 / 255.0 - 0.5) * 4).epsilon(0.03));

  voc.load(1, sample);  // 40 x 30 to 30 x 23 (22.5), 8 from the left
  const xs::data::Letterbox box = voc.letterbox(1);
  CHECK(box.scaled_height() == 30);
  CHECK(box.scaled_width() == 23);
  CHECK(box.left() == 8);
  CHECK(sample.inputs[1][1] == 8.0F);
  CHECK(sample.inputs[1][3] == doctest::Approx(8 + 11.5));
  CHECK(sample.inputs[1][4] == 30.0F);
  CHECK(pixel(10, 7, 0) == 0.0F);
  CHECK(pixel(10, 8, 0) > 1.0F);
  CHECK(pixel(10, 30, 2) > 1.0F);
  CHECK(pixel(10, 31, 2) == 0.0F);
  for (const Box& own : {Box{0, 0, 30, 40}, Box{3, 7, 11, 33}}) {
    const Box back = voc.restore(1, box.place(own));
    CHECK(xs::overlap(back, own) > 0.99999);
  }
  CHECK(voc.restore(1, {0, 0, 40, 30}) == Box{0, 0, 30, 40});  // clipped
  voc.load(2, sample);
  CHECK(voc.letterbox(2).top() == 5);
  CHECK(sample.inputs[1] == std::vector<float>(20, 0.0F));
  CHECK(sample.labels[0].indices == std::vector<std::int32_t>(4, -1));
}

TEST_CASE("proposals: a file of all images, a folder, a function, windows") {
  const VocFiles files;
  const auto first = [&](const xs::data::VocOptions& options) { return Voc(files.folder.path(), options); };
  CHECK(first(small).proposals_from() == VocProposals::windows);
  const std::vector<Box> windows = first(small).proposals(0);
  CHECK(windows.size() > 50);
  CHECK(windows[0] == Box{0, 0, 80, 60});
  xs::data::VocOptions options = small;
  options.propose = [](const xs::data::ByteImage& image) {
    return std::vector<Box>{{0, 0, static_cast<float>(image.shape.width), 5}, {0, 0, 5, 5}, {1, 1, 4, 4}};
  };
  options.most_proposals = 2;
  CHECK(first(options).proposals(1) == std::vector<Box>{{0, 0, 30, 5}, {0, 0, 5, 5}});

  const auto boxes = [](std::vector<double> row) { return mat_rows("", {row, {1, 1, 30, 30}, {1, 1, 2, 2}}); };
  const std::string cell = mat_cell("boxes", {boxes({2, 3, 30, 20}), boxes({3, 4, 30, 20}), boxes({4, 5, 30, 20})});
  const std::string path = (files.proposals() / "voc_2008_train.mat").string();
  write_text(path, mat_header() + cell);
  const Voc from_file = first(options);  // a file that is there goes before a function
  CHECK(from_file.proposals_from() == VocProposals::file);
  CHECK(from_file.proposals(0) == std::vector<Box>{{2, 1, 20, 30}, {0, 0, 30, 30}});
  CHECK(from_file.proposals(2)[0] == Box{4, 3, 20, 30});
  // Ids in the file say the order.
  write_text(path, mat_header() + cell +
                       mat_cell("images", {mat_text("2008_000003"), mat_text("2008_000001"), mat_text("2008_000002")}));
  CHECK(first(options).proposals(2)[0] == Box{2, 1, 20, 30});

  for (const char* id : {"2008_000001", "2008_000002", "2008_000003"})
    write_text((files.proposals() / (std::string(id) + ".mat")).string(),
               mat_header() + mat_rows("boxes", {{3, 2, 20, 30}}));
  options.proposal_path = files.proposals().string();
  CHECK(first(options).proposals(1) == std::vector<Box>{{2, 1, 20, 30}});
  options.proposals = VocProposals::computed;
  CHECK(first(options).proposals(1)[0] == Box{0, 0, 30, 5});

  // The network sees them where the picture is.
  options.proposals = VocProposals::automatic;
  options.regions = {.count = 2, .choice = RegionChoice::proposals};
  xs::Sample sample;
  first(options).load(0, sample);
  CHECK(sample.inputs[1] == std::vector<float>{1, 1, 0.5F, 10, 15, 0, 0, 0, 0, 0});
  const xs::data::DetectionImage image = first(options).image(0);
  CHECK(first(options).size() == 3);
  CHECK(first(options).objects(0).size() == 2);
  CHECK(image.proposals == std::vector<Box>{{1, 0.5F, 10, 15}});
  CHECK(image.objects.size() == 2);
  CHECK(image.objects[1].difficult);
  CHECK(image.pixels.size() == 30 * 40 * 3);
}

TEST_CASE("computed proposals are kept in a folder, and computed once") {
  const VocFiles files;
  std::atomic<int> calls{0};
  xs::data::VocOptions options = small;
  options.proposal_folder = files.folder.file("kept/here");
  options.propose = [&calls](const xs::data::ByteImage& image) {
    ++calls;
    return std::vector<Box>{{0.5F, 0, static_cast<float>(image.shape.width), 5}, {0, 0, 5, 5}};
  };
  for (int run = 0; run < 2; ++run) {
    const Voc voc(files.folder.path(), options);
    CHECK(voc.proposals(1) == std::vector<Box>{{0.5F, 0, 30, 5}, {0, 0, 5, 5}});
    CHECK(voc.proposals(1).size() == 2);
  }
  CHECK(calls == 1);
  const std::string path = options.proposal_folder + "/2008_000001.npy";
  xs::save_npy(path, xs::NpyArray{{2, 3}, std::vector<float>(6)});
  const Voc voc(files.folder.path(), options);
  CHECK(error_of<xs::Error>([&] { (void)voc.proposals(0); }) ==
        "file " + path + ": found another array than N x 4, expected boxes");
}

TEST_CASE("training regions: drawn again in each epoch, objects among them; a mirror turns them with their offsets") {
  const VocFiles files;
  const Voc voc(files.folder.path(), small);
  const std::array<xs::InputSlot, 2> inputs{
      {{"detection", 0, {30, 40, 3}}, {"detection", 0, {8, 1, 5}, "regions", xs::InputKind::boxes}}};
  std::array<xs::HeadSlot, 3> heads;
  const auto fields = voc.labels();
  heads[0] = {"detection", "class", 0, fields[0].spec};
  heads[1] = {"detection", "box", 0, fields[1].spec};
  heads[2] = {"attributes", "", 0, fields[2].spec};
  const auto epochs = [&](xs::Augment augment) {
    xs::Loader loader(voc, inputs, heads, {.batch = 3, .augment = augment, .epochs = 12, .threads = 0});
    std::vector<xs::Batch> all;
    while (const xs::LoadedBatch* loaded = loader.next()) all.push_back(loaded->batch);
    return all;
  };
  const std::vector<xs::Batch> plain = epochs({}), turned = epochs({.mirror = true});
  {
    const Voc again(files.folder.path(), small);
    xs::Loader loader(again, inputs, heads, {.batch = 3, .epochs = 12, .threads = 3, .cache = true});
    for (const xs::Batch& batch : plain) {
      const xs::Batch& other = loader.next()->batch;
      CHECK(std::equal(batch.inputs[0].begin(), batch.inputs[0].end(), other.inputs[0].begin()));
      CHECK(std::equal(batch.inputs[1].begin(), batch.inputs[1].end(), other.inputs[1].begin()));
      CHECK(batch.labels[1].values == other.labels[1].values);
    }
  }
  CHECK(plain[0].inputs[1] != plain[1].inputs[1]);
  std::size_t mirrored = 0, foreground = 0, background = 0;
  for (std::size_t e = 0; e < plain.size(); ++e)
    for (std::size_t r = 0; r < 16; ++r) {  // of the images with objects
      const std::int32_t label = plain[e].labels[0].indices[r];
      CHECK(turned[e].labels[0].indices[r] == label);
      CHECK(plain[e].labels[2].mask[3 * r] == (label > 0 ? 1 : 0));
      if (label <= 0) {
        background += label == 0 ? 1 : 0;
        continue;
      }
      ++foreground;
      const auto target = [&](const xs::Batch& batch) {
        const float *b = &batch.inputs[1][5 * r], *t = &batch.labels[1].values[5 * r];
        return xs::decode({b[1], b[2], b[3], b[4]}, {t[1], t[2], t[3], t[4]});
      };
      const bool sofa = r < 8;
      CHECK(label == (sofa ? 18 : 8));
      const Box object = voc.letterbox(sofa ? 0 : 1).place(voc.annotation(sofa ? 0 : 1).objects[0].box);
      CHECK(xs::overlap(target(plain[e]), object) > 0.999);
      const std::size_t pixel = (r / 8 * 1200 + 15 * 40 + 14) * 3;  // left of the middle: red, or blue in a mirror
      const bool moved = plain[e].inputs[0][pixel] != turned[e].inputs[0][pixel];
      mirrored += moved ? 1 : 0;
      const Box there = moved ? Box{40 - object.x1, object.y0, 40 - object.x0, object.y1} : object;
      CHECK(xs::overlap(target(turned[e]), there) > 0.999);
    }
  CHECK(foreground == 12 * 2 * 2);  // a quarter of 8
  CHECK(background > 100);
  CHECK(mirrored > 4);
  CHECK(mirrored < 44);
}

TEST_CASE("windows cover every size") {
  for (const auto& [height, width] : {std::pair{375, 500}, {500, 333}, {1, 1}, {3, 700}}) {
    const std::vector<Box> windows = xs::data::sliding_windows(height, width);
    CHECK(windows.size() <= 1500);
    for (const Box& each : windows) {
      CHECK(!each.empty());
      CHECK((each.x0 >= 0 && each.y0 >= 0));
      CHECK((each.x1 <= static_cast<float>(width) && each.y1 <= static_cast<float>(height)));
    }
  }
  CHECK(xs::data::sliding_windows(375, 500).size() > 300);
  CHECK(xs::data::sliding_windows(0, 5).empty());
}
