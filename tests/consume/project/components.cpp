// A function of each library that the optional parts link: the targets bring include folders and libraries along.
#include <xstitch/core/isa.hpp>
#include <xstitch/rooms/classes.hpp>

#include <google/protobuf/descriptor.h>
#include <hdf5.h>
#include <matio.h>
#include <png.h>
#include <turbojpeg.h>
#include <zlib.h>
#include <cstdio>
#include <pugixml.hpp>

int main() {
  unsigned major = 0, minor = 0, release = 0;
  const bool hdf5 = H5get_libversion(&major, &minor, &release) >= 0 && major >= 1;
  int matio[3] = {};
  Mat_GetLibraryVersion(&matio[0], &matio[1], &matio[2]);
  tjhandle jpeg = tjInitDecompress();
  const bool images = png_access_version_number() > 0 && jpeg != nullptr;
  if (jpeg != nullptr) tjDestroy(jpeg);
  std::printf("%s: hdf5 %u.%u.%u, matio %d.%d.%d, zlib %s\n", xstitch::simd_name(), major, minor, release, matio[0],
              matio[1], matio[2], zlibVersion());
  const bool xml = pugi::xml_document().load_string("<a/>");
  const bool protobuf = google::protobuf::DescriptorPool().FindFileByName("none.proto") == nullptr;
  return hdf5 && xml && protobuf && matio[0] >= 1 && images ? 0 : 1;
}
