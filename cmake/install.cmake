# Installs the headers and the package, so that find_package(xstitch), pkg-config and tools that read CPS find it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(destination ${CMAKE_INSTALL_DATADIR}/cmake/xstitch)
install(DIRECTORY include/xstitch DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(TARGETS xstitch xstitch_native EXPORT xstitch-targets)
install(EXPORT xstitch-targets NAMESPACE xstitch:: DESTINATION ${destination})
configure_package_config_file(cmake/xstitch-config.cmake.in ${PROJECT_BINARY_DIR}/xstitch-config.cmake
                              INSTALL_DESTINATION ${destination})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/xstitch-config-version.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/xstitch-config.cmake ${PROJECT_BINARY_DIR}/xstitch-config-version.cmake
              cmake/xstitch-components.cmake cmake/xstitch-dependencies.cmake cmake/xstitch-python.cmake
              cmake/xstitch-compiled.cmake cmake/compiled.cpp
        DESTINATION ${destination})

# pkg-config: xstitch, and xstitch-NAME for each optional part. Those are written whether or not their libraries are here,
# as pkg-config itself says by name what is missing. Paths are relative to the file: a prefix can be moved.
file(RELATIVE_PATH up /${CMAKE_INSTALL_DATADIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" up "${up}")
function(xstitch_install_pkg_config pc_name pc_description pc_requires pc_cflags pc_libs)
  configure_file(cmake/xstitch.pc.in ${PROJECT_BINARY_DIR}/${pc_name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${pc_name}.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
endfunction()
xstitch_install_pkg_config(xstitch "${PROJECT_DESCRIPTION}; wants -std=c++20" "eigen3 xtensor xtl xsimd"
                           "-I\${includedir} -pthread" "-pthread")
foreach(part "rooms:" "nyuv2:hdf5 matio libpng zlib" "images:libpng libturbojpeg" "gzip:zlib" "xz:liblzma zlib"
             "voc:pugixml libturbojpeg zlib" "caffe:protobuf" "onnx:protobuf" "selective_search:opencv4")
  string(REGEX MATCH "^([a-z0-9_]+):(.*)$" part "${part}")
  xstitch_install_pkg_config(xstitch-${CMAKE_MATCH_1} "Optional part of xstitch" "xstitch ${CMAKE_MATCH_2}"
                             "-DXSTITCH_WITH_${CMAKE_MATCH_1}" "")
endforeach()

# CPS, the package format that is not any build system's own: the core and xstitch::native.
set(at "@")
configure_file(cmake/xstitch.cps.in ${PROJECT_BINARY_DIR}/xstitch.cps @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/xstitch.cps DESTINATION ${CMAKE_INSTALL_DATADIR}/cps)

if(PROJECT_IS_TOP_LEVEL)
  include(cmake/package.cmake)
endif()
