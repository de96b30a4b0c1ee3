# Installs the headers and the package, so that find_package(xstitch) works.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(destination ${CMAKE_INSTALL_DATADIR}/cmake/xstitch)
install(DIRECTORY include/xstitch DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(TARGETS xstitch xstitch_native EXPORT xstitch-targets)
install(EXPORT xstitch-targets NAMESPACE xstitch:: DESTINATION ${destination})
configure_package_config_file(cmake/xstitch-config.cmake.in ${PROJECT_BINARY_DIR}/xstitch-config.cmake
                              INSTALL_DESTINATION ${destination})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/xstitch-config-version.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/xstitch-config.cmake ${PROJECT_BINARY_DIR}/xstitch-config-version.cmake
              cmake/xstitch-components.cmake cmake/xstitch-dependencies.cmake DESTINATION ${destination})
