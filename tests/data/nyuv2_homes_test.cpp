// needs: nyuv2 images gzip
// On a whole data set in the layout of NYU Depth V2, where the variable XSTITCH_SHARED_DATA names a folder with
// homes160 (rendered homes); the numbers are those of its description.
#include <xstitch/data/nyuv2.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace xs = xstitch;
using xs::data::Nyuv2;
using xs::data::Nyuv2Split;

namespace {

/// Folder of homes160, empty if there is none.
std::string homes() {
  const char* shared = std::getenv("XSTITCH_SHARED_DATA");
  if (shared == nullptr) return {};
  const std::filesystem::path folder = std::filesystem::path(shared) / "homes160";
  return std::filesystem::exists(folder) ? folder.string() : std::string{};
}

}  // namespace

TEST_CASE("homes160: splits, class frequencies, unit normals") {
  const std::string folder = homes();
  if (folder.empty()) {
    MESSAGE("skipped: XSTITCH_SHARED_DATA names no folder with homes160");
    return;
  }
  const Nyuv2 train(folder), test(folder, {.split = Nyuv2Split::test});
  REQUIRE(train.size() == 795);
  REQUIRE(test.size() == 654);
  CHECK(train.options().normals == xs::data::Nyuv2Normals::eigen);
  CHECK(train.options().normal_signs == std::array{1, 1, 1});
  const xs::data::Nyuv2File file(folder + "/nyu_depth_v2_labeled.mat");
  const std::vector<std::uint8_t> table = xs::data::read_nyu_class_table(folder, 40);
  const auto shares = [&](const Nyuv2& data) {
    std::vector<double> count(256, 0.0);
    double pixels = 0, seen = 0, valid = 0, worst = 0;
    xs::Sample sample;
    for (std::size_t n = 0; n < data.size(); ++n) {
      const std::vector<std::uint16_t> raw = file.labels(data.view(n));
      for (const std::uint16_t label : raw) count[table.at(label)] += 1;
      pixels += static_cast<double>(raw.size());
      if (n % 25 != 0) continue;  // whole samples take longer
      data.load(n, sample);
      bool same = true;
      for (std::size_t i = 0; i < raw.size(); ++i) same = same && sample.labels[0].indices[i] == table[raw[i]];
      CHECK(same);
      const auto& normals = sample.labels[1];
      seen += static_cast<double>(normals.mask.size());
      for (std::size_t i = 0; i < normals.mask.size(); ++i) {
        if (normals.mask[i] == 0) continue;
        valid += 1;
        const float *v = &normals.values[3 * i], x = v[0], y = v[1], z = v[2];
        worst = std::max(worst, std::abs(std::sqrt(double{x} * x + double{y} * y + double{z} * z) - 1));
      }
    }
    CHECK(worst < 1e-6);
    CHECK(valid / seen > 0.999);
    for (double& c : count) c *= 100 / pixels;
    return count;
  };
  const std::vector<double> a = shares(train), b = shares(test);
  const auto both = [&](std::size_t c) { return (a[c] * 795 + b[c] * 654) / 1449; };
  CHECK(both(0) == doctest::Approx(39.600).epsilon(1e-4));  // wall
  CHECK(both(8) == doctest::Approx(8.437).epsilon(1e-4));   // window
  CHECK(both(39) == doctest::Approx(0.570).epsilon(1e-3));  // otherprop
  CHECK(a[0] == doctest::Approx(37.594).epsilon(1e-4));
  CHECK(b[0] == doctest::Approx(42.037).epsilon(1e-4));
  CHECK(a[1] == doctest::Approx(5.860).epsilon(1e-4));   // floor
  CHECK(b[21] == doctest::Approx(3.127).epsilon(1e-4));  // ceiling
  CHECK(a[14] == 0);                                     // shelves: in test views only
  CHECK(b[255] == doctest::Approx(0.053).epsilon(0.02));
}

TEST_CASE("homes160: normals from depth agree with the geometric ones") {
  const std::string folder = homes();
  if (folder.empty()) return;
  const Nyuv2 given(folder);
  const auto compare = [&](const xs::data::Camera& camera) {
    const Nyuv2 computed(folder, {.normals = xs::data::Nyuv2Normals::from_depth, .camera = camera});
    std::vector<double> angles;
    std::size_t pixels = 0;
    xs::Sample a, b;
    for (std::size_t n = 0; n < given.size(); n += 25) {
      given.load(n, a);
      computed.load(n, b);
      const auto &x = a.labels[1], &y = b.labels[1];
      pixels += x.mask.size();
      for (std::size_t i = 0; i < x.mask.size(); ++i) {
        if (x.mask[i] == 0 || y.mask[i] == 0) continue;
        double dot = 0;
        for (std::size_t k = 0; k < 3; ++k) dot += double{x.values[3 * i + k]} * y.values[3 * i + k];
        angles.push_back(std::acos(std::clamp(dot, -1.0, 1.0)) * 180 / 3.14159265358979);
      }
    }
    std::sort(angles.begin(), angles.end());
    const auto count = static_cast<double>(angles.size());
    const auto below = std::lower_bound(angles.begin(), angles.end(), 5.0) - angles.begin();
    MESSAGE("valid " << count / static_cast<double>(pixels) << ", median " << angles[angles.size() / 2]
                     << " degrees, below 5: " << static_cast<double>(below) / count);
    CHECK(count / static_cast<double>(pixels) > 0.75);  // 18 % are holes of the sensor
    CHECK(static_cast<double>(below) / count > 0.85);
    return angles[angles.size() / 2];
  };
  CHECK(compare({138.5641, 138.5641, 79.5, 59.5}) < 1);
  CHECK(compare({}) < 3);  // the Kinect's: another field of view
}

TEST_CASE("homes160: names and scenes are read through references") {
  const std::string folder = homes();
  if (folder.empty()) return;
  const xs::data::Nyuv2File file(folder + "/nyu_depth_v2_labeled.mat");
  const std::vector<std::string> names = file.texts("names"), scenes = file.texts("scenes");
  CHECK(names.size() == 894);
  CHECK(std::find(names.begin(), names.end(), "wall") != names.end());
  CHECK(scenes.size() == 1449);
  CHECK_THROWS_AS((void)file.texts("labels"), xs::Error);
}
