// needs: voc
// What is wrong with a devkit is said with file and line.
#include <xstitch/data/voc.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "voc_files.hpp"

using namespace xstitch_test;
using xs::data::Voc;

namespace {

std::string refusal(const VocFiles& files, const xs::data::VocOptions& options = {}) {
  return error_of<xs::Error>([&] {
    const Voc voc(files.folder.path(), options);
    xs::Sample sample;
    for (std::size_t i = 0; i < voc.size(); ++i) voc.load(i, sample);
  });
}

/// What is said of an annotation of a picture of 60 x 80.
std::string of_annotation(const std::string& text) {
  const VocFiles files;
  files.annotate("2008_000001", text);
  const std::string found = refusal(files), begin = "file " + files.xml("2008_000001") + ", line ";
  return found.starts_with(begin) ? found.substr(begin.size()) : found;
}
std::string of_objects(const std::string& objects) { return of_annotation(xml_annotation(60, 80, objects)); }
std::string of_box(const std::string& box) { return of_objects(xml_object("cat", box)); }

}  // namespace

TEST_CASE("annotations") {
  CHECK(of_annotation("") == "1: found bad XML (No document element found), expected an annotation");
  CHECK(of_annotation("<annotation>\n<size>\n</siz>\n") ==
        "3: found bad XML (Start-end tags mismatch), expected an annotation");
  CHECK(of_annotation("<a/>") == "1: found another root than one <annotation>, expected one");
  CHECK(of_annotation("<annotation/>\n<b/>") == "1: found another root than one <annotation>, expected one");
  CHECK(of_annotation(std::string("<annotation>\n\0</annotation>", 27)) == "2: found a byte 0, expected XML in UTF-8");
  CHECK(of_annotation("<annotation>\n</annotation>") == "1: found no <size> in <annotation>, expected one");
  CHECK(of_annotation("<annotation>\n<size><width>80</width></size></annotation>") ==
        "2: found no <height> in <size>, expected one");
  CHECK(of_annotation("<annotation><size><width>80</width>\n<height>1.5</height></size></annotation>") ==
        "2: found '1.5' in <height>, expected 1 to 65535");
  CHECK(of_objects("<object>\n<bndbox/></object>") == "3: found no <name> in <object>, expected one");
  CHECK(of_objects("<object>\n<name>dragon</name></object>")
            .starts_with("4: found the class 'dragon', expected one of "
                         "aeroplane bicycle "));
  CHECK(of_objects("<object>\n<name>cat</name></object>") == "3: found no <bndbox> in <object>, expected one");
  CHECK(of_objects("<object><name>cat</name>\n<part><bndbox>" + xml_box(1, 1, 5, 5) + "</bndbox></part></object>") ==
        "3: found no <bndbox> in <object>, expected one");
  CHECK(of_objects(xml_object("cat", xml_box(1, 1, 5, 5), "<difficult>no</difficult>")) ==
        "5: found 'no' in <difficult>, expected 0 or 1");
  CHECK(of_box("<xmin>1</xmin><ymin>1</ymin><xmax>2</xmax>") == "5: found no <ymax> in <bndbox>, expected one");
  CHECK(of_box(xml_box(1, 1, 2, 2) + "<xmin>1</xmin>") == "5: found two <xmin> in <bndbox>, expected one");
  CHECK(of_box("<xmin>1</xmin>\n<ymin>1</ymin>\n<xmax>2</xmax><ymax>nan</ymax>") ==
        "7: found 'nan' in <ymax>, expected a number of pixels");
  CHECK(of_box("<xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax></ymax>") ==
        "5: found '' in <ymax>, expected a number of pixels");
  CHECK(of_box("<xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>1e9</ymax>") ==
        "5: found '1e9' in <ymax>, expected a number of pixels");
  const auto outside = [](const char* box) {
    return std::string("5: found the box ") + box +
           " (xmin ymin xmax ymax) in an image of 80 x 60, expected one inside, with xmin <= xmax and ymin <= ymax";
  };
  CHECK(of_box(xml_box(1, 1, 90, 60)) == outside("1 1 90 60"));
  CHECK(of_box(xml_box(-5, 1, 9, 60)) == outside("-5 1 9 60"));
  CHECK(of_box(xml_box(10, 1, 5, 60)) == outside("10 1 5 60"));
  CHECK(of_box(xml_box(81, 1, 81, 60)) == outside("81 1 81 60"));
}

TEST_CASE("annotations that are read as they are meant") {
  const VocFiles files;
  files.annotate(
      "2008_000001",
      "\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<!-- by hand -->\n<annotation><object><part><name>head</name><bndbox>" +
          xml_box(1, 1, 2, 2) +
          "</bndbox></part><bndbox><ymax> 60.5 </ymax><xmin>0</xmin>\n<ymin>2.25</ymin><xmax>81</xmax></bndbox>"
          "<name>\n cat</name></object><size><height>60</height><width>80</width></size></annotation>");
  const Voc voc(files.folder.path());
  REQUIRE(voc.annotation(0).objects.size() == 1);
  CHECK(voc.annotation(0).objects[0].box == xs::Box{0, 1.25F, 80, 60});
  CHECK(voc.annotation(0).objects[0].attributes.empty());
  CHECK(voc.attribute_rows_left_over() == std::vector<std::string>{"apascal_train.txt, line 1"});
}

TEST_CASE("pictures") {
  const VocFiles files;
  std::filesystem::remove(files.jpeg("2008_000002"));
  CHECK(refusal(files) ==
        "file " + files.jpeg("2008_000002") + ": found no such file, expected the picture of an annotation");
  files.picture("2008_000002", 30, 40);
  CHECK(refusal(files) == "file " + files.jpeg("2008_000002") + ": found 30 rows of 40 pixels, expected 40 rows of 30");
  std::filesystem::remove(files.xml("2008_000003"));
  CHECK(refusal(files) == "file " + files.xml("2008_000003") + ": found no such file, expected an annotation (XML)");
}

TEST_CASE("lists") {
  const VocFiles files;
  const std::string names = (files.lists() / "attribute_names.txt").string(),
                    rows = (files.lists() / "apascal_train.txt").string(),
                    set = (files.year / "ImageSets" / "Main" / "train.txt").string();
  const auto of_row = [&](const std::string& row) {
    write_text(rows, "2008_000001.jpg sofa 11 21 50 50 0 0 1\n\n" + row + "\n");
    return refusal(files);
  };
  const std::string third = "file " + rows + ", line 3: ";
  CHECK(of_row("2008_000001.jpg sofa 11 21 50 50 0 1") ==
        third + "found 8 fields, expected 9: image, class, box, 3 attributes");
  CHECK(of_row("2008_000001.jpg sofa 11 21 50 50 0 1 0 1") ==
        third + "found 10 fields, expected 9: image, class, box, 3 attributes");
  CHECK(of_row("2008_000001.jpg sofa 11 x 50 50 0 1 0") == third + "found 'x', expected a number of pixels");
  CHECK(of_row("2008_000001.jpg sofa 11 21 50 50 0 2 0") ==
        third + "found the attribute '2' in field 8, expected 0 or 1");
  CHECK(of_row("2008_000001.jpg sofa 11 21 5 50 0 1 0") ==
        third + "found the box 11 21 5 50 (xmin ymin xmax ymax), expected one with extent");
  CHECK(of_row("2008_000001.jpg\tsofa 60 21 80 50 0 1 0\r").empty());
  CHECK(Voc(files.folder.path()).attribute_rows_left_over() == std::vector<std::string>{"apascal_train.txt, line 3"});
  write_text(rows, "");
  CHECK(contains(refusal(files), "found no rows of apascal_train.txt or apascal_test.txt in it"));
  write_text(names, " \n");
  CHECK(refusal(files) == "file " + names + ": found no names, expected one a line");
  std::filesystem::remove_all(files.lists());

  files.set("train", "2008_000001\n2008_000002\n2008_000001\n");
  CHECK(refusal(files) == "file " + set + ", line 3: found '2008_000001' twice, expected it once");
  files.set("train", "2008_000001 1\n");
  CHECK(refusal(files) == "file " + set + ", line 1: found '2008_000001 1', expected the id of an image");
  files.set("train", "../../x\n");
  CHECK(refusal(files) == "file " + set + ", line 1: found '../../x', expected the id of an image");
  files.set("train", "\n");
  CHECK(refusal(files) == "file " + set + ": found no ids, expected one a line");
  CHECK(contains(refusal(files, {.set = "val"}), "val.txt: found no such file, expected a list of images"));
  const TemporaryFolder empty;
  CHECK(error_of<xs::Error>([&] { const Voc voc(empty.path()); }) ==
        "folder " + empty.path() +
            ": found no Annotations, VOC2008/Annotations or VOCdevkit/VOC2008/Annotations in it, "
            "expected a devkit of Pascal VOC");
}

TEST_CASE("proposals") {
  const VocFiles files;
  const std::string path = (files.proposals() / "voc_2008_train.mat").string();
  const auto of_cells = [&](const std::vector<std::string>& cells, const std::string& more = {}) {
    write_text(path, mat_header() + mat_cell("boxes", cells) + more);
    return refusal(files);
  };
  const std::string good = mat_rows("", {{1, 1, 20, 20}});
  CHECK(of_cells({good, good, good}).empty());
  CHECK(of_cells({good, good}) == "file " + path + ": found boxes of 2 images, expected 3");
  const std::string other_ids = mat_cell("images", {mat_text("2008_000001"), mat_text("2008_000002"), mat_text("x")});
  CHECK(of_cells({good, good, good}, other_ids) ==
        "file " + path + ": found no boxes of image '2008_000003', expected some");
  CHECK(of_cells({good, mat_text("a"), good}) ==
        "file " + path + ", image '2008_000002': found no N x 4 array, expected the boxes of an image");
  CHECK(of_cells({good, mat_rows("", {{1, 1, 5, 5}, {4, 5, 2, 9}}), good}) ==
        "file " + path + ", image '2008_000002', box 2: found x 5 to 9 and y 4 to 2, expected pixels counted from 1");
  CHECK(of_cells({good, good, mat_rows("", {{1, 1, 45, 20}})}) ==
        "file " + path +
            ", image '2008_000003': found a proposal of x 0 to 20 and y 0 to 45 in an image of 60 x 30, "
            "expected one inside (another order of columns?)");
  write_text(path, mat_header() + mat_rows("boxes", {{1, 1, 2, 2}}));
  CHECK(refusal(files) == "file " + path + ": found that 'boxes' is no cell, expected one an image");
  std::filesystem::remove(path);
  CHECK(contains(refusal(files, {.proposals = xs::data::VocProposals::file}),
                 "found no selective_search_data/voc_2008_train.mat beside it"));
  CHECK(contains(refusal(files, {.proposals = xs::data::VocProposals::computed}), "without `propose`"));
  CHECK(contains(refusal(files, {.propose =
                                     [](const auto&) {
                                       return std::vector<xs::Box>{{0, 0, 500, 5}};
                                     }}),
                 "proposals of file " + files.jpeg("2008_000001") + ": found a proposal of x 0 to 500"));
  CHECK(contains(refusal(files, {.height = 0}), "found size 0x512"));
  CHECK(contains(refusal(files, {.regions = {.count = 0}}), "found a count of 0"));
  const Voc voc(files.folder.path());
  CHECK(error_of<xs::Error>([&] { (void)voc.id(3); }) == "set train: image 3 wanted, found 3");
}
