# The optional parts of xstitch: each but rooms needs libraries to link, and exists as a target only where they are
# found.
#   xstitch::rooms   drawn rooms (headers alone, outside xstitch.hpp)
#   xstitch::nyuv2   NYU Depth V2: MAT files and pictures (HDF5, matio, libpng, zlib)
#   xstitch::images  PNG and JPEG files (libpng, libturbojpeg)
#   xstitch::gzip    compressed files (zlib)
#   xstitch::xz      tables of R packages (liblzma, zlib)
#   xstitch::voc     Pascal VOC and aPascal (pugixml, libturbojpeg, zlib)
#   xstitch::caffe   weights in files of Caffe's (protobuf)
#   xstitch::onnx    weights in ONNX files (protobuf); to write them takes nothing
#   xstitch::selective_search  proposals of OpenCV (its modules ximgproc, imgproc, core)
#   xstitch::mpi     training over several processes and machines (MPI 3)
# Read by our own build and by the installed package alike. XSTITCH_COMPONENTS lists what was found, and
# XSTITCH_MISSING_<component> says what is missing and how Debian calls it.

set(XSTITCH_COMPONENTS "")

# xstitch_component(name "what is missing" libraries-or-targets... [INCLUDE directories...])
function(xstitch_component name missing)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "INCLUDE")
  if(missing)
    set(XSTITCH_MISSING_${name} "${missing}" PARENT_SCOPE)
    if(NOT xstitch_FIND_QUIETLY)
      message(STATUS "xstitch: component ${name} is off: ${missing} not found")
    endif()
    return()
  endif()
  if(NOT TARGET xstitch::${name})
    add_library(xstitch::${name} INTERFACE IMPORTED GLOBAL)
    target_link_libraries(xstitch::${name} INTERFACE xstitch::xstitch ${arg_UNPARSED_ARGUMENTS})
    target_include_directories(xstitch::${name} SYSTEM INTERFACE ${arg_INCLUDE})
    target_compile_definitions(xstitch::${name} INTERFACE XSTITCH_WITH_${name})
  endif()
  set(XSTITCH_COMPONENTS ${XSTITCH_COMPONENTS} ${name} PARENT_SCOPE)
endfunction()

find_package(PNG QUIET)
find_package(ZLIB QUIET)

# --- rooms
xstitch_component(rooms "")

# --- nyuv2
get_property(xstitch_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
if("C" IN_LIST xstitch_languages)  # CMake finds HDF5 by compiling C, and stops where it cannot
  find_package(HDF5 QUIET COMPONENTS C)
endif()
find_path(XSTITCH_MATIO_INCLUDE matio.h)
find_library(XSTITCH_MATIO_LIBRARY matio)
mark_as_advanced(XSTITCH_MATIO_INCLUDE XSTITCH_MATIO_LIBRARY)
set(xstitch_missing "")
if(NOT "C" IN_LIST xstitch_languages)
  list(APPEND xstitch_missing "C among the languages of project() (for HDF5)")
elseif(NOT TARGET hdf5::hdf5)
  list(APPEND xstitch_missing "HDF5 (libhdf5-dev)")
endif()
if(NOT XSTITCH_MATIO_INCLUDE OR NOT XSTITCH_MATIO_LIBRARY)
  list(APPEND xstitch_missing "matio (libmatio-dev)")
endif()
if(NOT TARGET PNG::PNG)
  list(APPEND xstitch_missing "libpng (libpng-dev)")
endif()
if(NOT TARGET ZLIB::ZLIB)
  list(APPEND xstitch_missing "zlib (zlib1g-dev)")
endif()
list(JOIN xstitch_missing ", " xstitch_missing)
xstitch_component(nyuv2 "${xstitch_missing}" hdf5::hdf5 ${XSTITCH_MATIO_LIBRARY} PNG::PNG ZLIB::ZLIB
                  INCLUDE ${XSTITCH_MATIO_INCLUDE})

# --- images
find_path(XSTITCH_TURBOJPEG_INCLUDE turbojpeg.h)
find_library(XSTITCH_TURBOJPEG_LIBRARY turbojpeg)
mark_as_advanced(XSTITCH_TURBOJPEG_INCLUDE XSTITCH_TURBOJPEG_LIBRARY)
set(xstitch_missing "")
if(NOT TARGET PNG::PNG)
  list(APPEND xstitch_missing "libpng (libpng-dev)")
endif()
if(NOT XSTITCH_TURBOJPEG_INCLUDE OR NOT XSTITCH_TURBOJPEG_LIBRARY)
  list(APPEND xstitch_missing "libturbojpeg (libturbojpeg0-dev)")
endif()
list(JOIN xstitch_missing ", " xstitch_missing)
xstitch_component(images "${xstitch_missing}" PNG::PNG ${XSTITCH_TURBOJPEG_LIBRARY}
                  INCLUDE ${XSTITCH_TURBOJPEG_INCLUDE})

# --- gzip
set(xstitch_missing "")
if(NOT TARGET ZLIB::ZLIB)
  set(xstitch_missing "zlib (zlib1g-dev)")
endif()
xstitch_component(gzip "${xstitch_missing}" ZLIB::ZLIB)

# --- xz
find_package(LibLZMA QUIET)
set(xstitch_missing "")
if(NOT TARGET LibLZMA::LibLZMA)
  list(APPEND xstitch_missing "liblzma (liblzma-dev)")
endif()
if(NOT TARGET ZLIB::ZLIB)
  list(APPEND xstitch_missing "zlib (zlib1g-dev)")
endif()
list(JOIN xstitch_missing ", " xstitch_missing)
xstitch_component(xz "${xstitch_missing}" LibLZMA::LibLZMA ZLIB::ZLIB)

# --- voc
find_path(XSTITCH_PUGIXML_INCLUDE pugixml.hpp)
find_library(XSTITCH_PUGIXML_LIBRARY pugixml)
mark_as_advanced(XSTITCH_PUGIXML_INCLUDE XSTITCH_PUGIXML_LIBRARY)
set(xstitch_missing "")
if(NOT XSTITCH_PUGIXML_INCLUDE OR NOT XSTITCH_PUGIXML_LIBRARY)
  list(APPEND xstitch_missing "pugixml (libpugixml-dev)")
endif()
if(NOT XSTITCH_TURBOJPEG_INCLUDE OR NOT XSTITCH_TURBOJPEG_LIBRARY)
  list(APPEND xstitch_missing "libturbojpeg (libturbojpeg0-dev)")
endif()
if(NOT TARGET ZLIB::ZLIB)
  list(APPEND xstitch_missing "zlib (zlib1g-dev)")
endif()
list(JOIN xstitch_missing ", " xstitch_missing)
xstitch_component(voc "${xstitch_missing}" ${XSTITCH_PUGIXML_LIBRARY} ${XSTITCH_TURBOJPEG_LIBRARY} ZLIB::ZLIB
                  INCLUDE ${XSTITCH_PUGIXML_INCLUDE} ${XSTITCH_TURBOJPEG_INCLUDE})

# --- caffe, onnx
# By hand: the schema is read when the program runs, so that CMake's protoc is not asked for.
find_path(XSTITCH_PROTOBUF_INCLUDE google/protobuf/compiler/parser.h)
find_library(XSTITCH_PROTOBUF_LIBRARY protobuf)
mark_as_advanced(XSTITCH_PROTOBUF_INCLUDE XSTITCH_PROTOBUF_LIBRARY)
set(xstitch_missing "")
if(NOT XSTITCH_PROTOBUF_INCLUDE OR NOT XSTITCH_PROTOBUF_LIBRARY)
  set(xstitch_missing "protobuf (libprotobuf-dev, libprotoc-dev)")
endif()
xstitch_component(caffe "${xstitch_missing}" ${XSTITCH_PROTOBUF_LIBRARY} INCLUDE ${XSTITCH_PROTOBUF_INCLUDE})
xstitch_component(onnx "${xstitch_missing}" ${XSTITCH_PROTOBUF_LIBRARY} INCLUDE ${XSTITCH_PROTOBUF_INCLUDE})

# --- selective_search
# By hand: OpenCV's own package wants the development files of all its modules, and speaks where it is to be quiet.
find_path(XSTITCH_OPENCV_INCLUDE opencv2/ximgproc/segmentation.hpp PATH_SUFFIXES opencv4)
set(xstitch_missing "")
set(xstitch_libraries "")
foreach(module ximgproc imgproc core)
  find_library(XSTITCH_OPENCV_${module} opencv_${module})
  mark_as_advanced(XSTITCH_OPENCV_${module})
  if(NOT XSTITCH_OPENCV_INCLUDE OR NOT XSTITCH_OPENCV_${module})
    set(xstitch_missing "OpenCV's module ximgproc (libopencv-contrib-dev)")
  endif()
  list(APPEND xstitch_libraries ${XSTITCH_OPENCV_${module}})
endforeach()
mark_as_advanced(XSTITCH_OPENCV_INCLUDE)
xstitch_component(selective_search "${xstitch_missing}" ${xstitch_libraries} INCLUDE ${XSTITCH_OPENCV_INCLUDE})

# --- mpi
find_package(MPI 3 QUIET COMPONENTS CXX)
set(xstitch_missing "")
if(NOT TARGET MPI::MPI_CXX)
  set(xstitch_missing "MPI 3 (libopenmpi-dev openmpi-bin, or libmpich-dev mpich)")
endif()
xstitch_component(mpi "${xstitch_missing}" MPI::MPI_CXX)
unset(xstitch_libraries)
unset(xstitch_missing)
unset(xstitch_languages)
