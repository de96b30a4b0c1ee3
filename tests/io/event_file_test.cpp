// Event files: framing and messages by hand, and, where they are installed, by protoc and Python's crc32c.
#include <xstitch/io/event_file.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace xs = xstitch;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("xstitch_events_" + std::to_string(::getpid()));
  Folder() { fs::remove_all(path); }
  ~Folder() { fs::remove_all(path); }
};

/// The messages of a file whose checksums are right.
std::vector<std::string> messages(const fs::path& path) {
  const std::string text = xs::read_file(path);
  const auto number = [&](std::size_t at, int count) {
    std::uint64_t value = 0;
    for (int k = 0; k < count; ++k)
      value |= std::uint64_t{static_cast<unsigned char>(text.at(at + static_cast<std::size_t>(k)))} << (8 * k);
    return value;
  };
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = number(at, 8);
    CHECK(number(at + 8, 4) == xs::event_file::checksum(text.substr(at, 8)));
    all.push_back(text.substr(at + 12, length));
    CHECK(all.back().size() == length);
    CHECK(number(at + 12 + length, 4) == xs::event_file::checksum(all.back()));
    at += length + 16;
  }
  return all;
}

/// What a command prints; "skip" if the program is not there.
std::string output_of(const std::string& program, const std::string& command) {
  if (std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) != 0) return "skip";
  std::string text;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> part{};
  while (const std::size_t got = std::fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), got);
  CHECK(::pclose(pipe) == 0);
  return text;
}

fs::path only_file(const fs::path& folder) {
  const std::vector<std::string> names = xs::file::names_in(folder);
  REQUIRE(names.size() == 1);
  return folder / names[0];
}

}  // namespace

TEST_CASE("records: the length's checksum is that of every event file, varints and histograms by hand") {
  // Event files of TensorFlow begin with a message of 24 bytes, and so with these.
  CHECK(xs::event_file::record(std::string(24, 'x')).substr(0, 12) ==
        std::string("\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22", 12));
  CHECK(xs::ProtobufWriter().whole(1, 150).bytes() == "\x08\x96\x01");
  CHECK(xs::ProtobufWriter().whole(1, 0).bytes() == std::string("\x08\0", 2));
  CHECK(xs::ProtobufWriter().whole(2, ~std::uint64_t{0}).bytes() == "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  CHECK(xs::ProtobufWriter().bytes(2, "testing").bytes() == "\x12\x07testing");
  CHECK(xs::ProtobufWriter().real(2, 1.0F).bytes() == std::string("\x15\0\0\x80\x3f", 5));
  const std::array<double, 1> one{1.0};
  CHECK(xs::ProtobufWriter().reals(16, one).bytes() == std::string("\x82\x01\x08\0\0\0\0\0\0\xf0\x3f", 11));

  const float not_a_number = std::numeric_limits<float>::quiet_NaN();
  CHECK(xs::event_file::histogram({}).empty());
  CHECK(xs::event_file::histogram(std::vector<float>{not_a_number}).empty());
  const std::array<double, 1> limit{2.0}, count{3.0};
  CHECK(xs::event_file::histogram(std::vector<float>{2.0F, 2.0F, not_a_number, 2.0F}) == xs::ProtobufWriter()
                                                                                             .real(1, 2.0)
                                                                                             .real(2, 2.0)
                                                                                             .real(3, 3.0)
                                                                                             .real(4, 6.0)
                                                                                             .real(5, 12.0)
                                                                                             .reals(6, limit)
                                                                                             .reals(7, count)
                                                                                             .bytes());
}

TEST_CASE("a file as protoc and Python's crc32c read it") {
  const Folder folder;
  {
    xs::EventFile events(folder.path, 0);
    events.scalar("loss/upper", 0.5F, 300);
    events.histogram("alpha", std::vector<float>{0.0F, 3.0F, 3.0F}, 300);
    events.image("predictions", {.png = "PNG bytes", .height = 96, .width = 640}, 301);
    CHECK_THROWS_WITH_AS(events.image("none", {}, 1), doctest::Contains("image \"none\""), xs::Error);
  }
  const fs::path path = only_file(folder.path);
  const std::vector<std::string> all = messages(path);
  REQUIRE(all.size() == 4);
  CHECK(all[0].ends_with("brain.Event:2"));

  const auto decoded = [&](std::size_t k) {
    xs::write_file_atomically(folder.path / "message", all[k]);
    const std::string text = output_of("protoc", "protoc --decode_raw < " + (folder.path / "message").string());
    return text.substr(text.find('\n') + 1);  // without the time
  };
  if (decoded(0) == "skip") {
    MESSAGE("skipped: there is no protoc (protobuf-compiler)");
  } else {
    CHECK(decoded(0) == "2: 0\n3: \"brain.Event:2\"\n");
    CHECK(decoded(1) == "2: 300\n5 {\n  1 {\n    1: \"loss/upper\"\n    2: 0x3f000000\n  }\n}\n");
    const std::string histogram = decoded(2);
    CHECK(histogram.find("    1: \"alpha\"\n    5 {\n      1: 0x0000000000000000\n      2: 0x4008000000000000\n") !=
          std::string::npos);
    CHECK(histogram.find("      4: 0x4018000000000000\n      5: 0x4032000000000000\n") != std::string::npos);
    CHECK(decoded(3) ==
          "2: 301\n5 {\n  1 {\n    1: \"predictions\"\n    4 {\n      1: 96\n      2: 640\n      3: 3\n"
          "      4: \"PNG bytes\"\n    }\n  }\n}\n");
  }

  const std::string script =
      "try:\n    import crc32c\nexcept ImportError:\n    print('skip')\n    raise SystemExit\n"
      "import struct, sys\n"
      "def masked(b):\n    c = crc32c.crc32c(b)\n    return ((c >> 15 | c << 17) + 0xa282ead8) & 0xffffffff\n"
      "data, at, count = open(sys.argv[1], 'rb').read(), 0, 0\n"
      "while at < len(data):\n"
      "    length, crc = struct.unpack_from('<QI', data, at)\n"
      "    assert crc == masked(data[at:at + 8])\n"
      "    message = data[at + 12:at + 12 + length]\n"
      "    assert struct.unpack_from('<I', data, at + 12 + length)[0] == masked(message)\n"
      "    at, count = at + length + 16, count + 1\n"
      "print(count)\n";
  xs::write_file_atomically(folder.path / "check.py", script);
  const std::string python =
      output_of("/usr/bin/python3", "/usr/bin/python3 " + (folder.path / "check.py").string() + " " + path.string());
  if (python.starts_with("skip"))
    MESSAGE("skipped: there is no Python with crc32c (python3-crc32c)");
  else
    CHECK(python == "4\n");
}

TEST_CASE("a continued training has a file after the older ones, a new one removes them and nothing else") {
  const Folder folder;
  xs::make_folder(folder.path);
  // As if a clock had been ahead.
  const fs::path ahead = folder.path / "events.out.tfevents.9999999999.xstitch.000007",
                 theirs = folder.path / "events.out.tfevents.1.other";
  xs::write_file_atomically(ahead, "older");
  xs::write_file_atomically(theirs, "another program's");
  {
    xs::EventFile events(folder.path, 20);
    CHECK(events.path().filename() == "events.out.tfevents.9999999999.xstitch.000008");
    const std::vector<std::string> all = messages(events.path());
    REQUIRE(all.size() == 2);
    CHECK(all[1].ends_with(std::string("\x10\x15\x3a\x02\x08\x01", 6)));  // step 21, session_log {status: START}
  }
  xs::EventFile events(folder.path, 0);
  CHECK_FALSE(fs::exists(ahead));
  CHECK(fs::exists(theirs));
  CHECK(xs::file::names_in(folder.path).size() == 2);
  CHECK(messages(events.path()).size() == 1);

  xs::EventFile nowhere;
  CHECK_FALSE(nowhere.writes());
  nowhere.scalar("a", 1.0F, 1);
}
