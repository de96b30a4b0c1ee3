"""Conan 2 recipe of xstitch: headers, and an option for each optional part that links a library."""
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load

# Option: the packages that it needs, and the targets of theirs that it links.
PARTS = {
    "caffe": {"protobuf/[>=3.21]": ["protobuf::libprotobuf"]},
    "gzip": {"zlib/[>=1.2.11 <2]": ["zlib::zlib"]},
    "images": {"libpng/[>=1.6 <2]": ["libpng::libpng"], "libjpeg-turbo/[>=2.1]": ["libjpeg-turbo::turbojpeg"]},
    "mpi": {"openmpi/[>=4]": ["openmpi::openmpi"]},
    "nyuv2": {"hdf5/[>=1.10 <2]": ["hdf5::hdf5_c"], "matio/[>=1.5 <2]": ["matio::matio"],
              "libpng/[>=1.6 <2]": ["libpng::libpng"], "zlib/[>=1.2.11 <2]": ["zlib::zlib"]},
    "onnx": {"protobuf/[>=3.21]": ["protobuf::libprotobuf"]},
    "selective_search": {"opencv/[>=4.5 <5]": ["opencv::opencv_ximgproc"]},
    "voc": {"pugixml/[>=1.12 <2]": ["pugixml::pugixml"], "libjpeg-turbo/[>=2.1]": ["libjpeg-turbo::turbojpeg"],
            "zlib/[>=1.2.11 <2]": ["zlib::zlib"]},
    "xz": {"xz_utils/[>=5.2 <6]": ["xz_utils::xz_utils"], "zlib/[>=1.2.11 <2]": ["zlib::zlib"]},
}


class XstitchRecipe(ConanFile):
    name = "xstitch"
    description = "Cross-stitch networks as C++ types"
    license = "MIT"
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {part: [True, False] for part in PARTS}
    default_options = {part: False for part in PARTS}
    no_copy_source = True

    def source_tree(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        header = load(self, os.path.join(self.source_tree(), "include", "xstitch", "core", "version.hpp"))
        self.version = ".".join(re.search(r"library_version\{(\d+), (\d+), (\d+)\}", header).groups())

    def export_sources(self):
        for pattern in ("include/*.hpp", "LICENSE"):
            copy(self, pattern, src=self.source_tree(), dst=self.export_sources_folder)

    def wanted_parts(self):
        return [part for part in PARTS if getattr(self.options, part)]

    def requirements(self):
        wanted = ["eigen/[>=3.4 <6]", "xsimd/[>=8]", "xtensor/[>=0.24 <1]", "xtl/[>=0.7 <1]"]
        wanted += [package for part in self.wanted_parts() for package in PARTS[part]]
        for package in dict.fromkeys(wanted):
            self.requires(package, transitive_headers=True, transitive_libs=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        self.info.settings.clear()  # the options stay: they decide what a user links

    def package(self):
        copy(self, "*.hpp", src=os.path.join(self.source_folder, "include"),
             dst=os.path.join(self.package_folder, "include"))
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        self.cpp_info.bindirs, self.cpp_info.libdirs = [], []
        core = self.cpp_info.components["xstitch"]
        core.set_property("cmake_target_name", "xstitch::xstitch")
        core.requires = ["eigen::eigen", "xsimd::xsimd", "xtensor::xtensor", "xtl::xtl"]
        core.bindirs, core.libdirs = [], []
        if self.settings.os in ("Linux", "FreeBSD"):
            core.system_libs = ["pthread"]
        for name in ["rooms", *self.wanted_parts()]:
            part = self.cpp_info.components[name]
            part.set_property("cmake_target_name", f"xstitch::{name}")
            part.requires = ["xstitch", *[target for targets in PARTS.get(name, {}).values() for target in targets]]
            part.defines = [f"XSTITCH_WITH_{name}"]
            part.bindirs, part.libdirs = [], []
