# The header-only libraries that xstitch stands on, as one target, xstitch::dependencies. Read by our own build and by
# the installed package alike.
#
# A target that the project already has (by add_subdirectory, FetchContent or find_package) is used as it is; else the
# library is searched for. find_package is not given a version: which versions count as compatible with the one asked
# for differs from library to library, and Eigen 5 and each new major of xsimd refuse to be an older one. So the versions
# are compared here, by what the headers say. XSTITCH_DEPENDENCY_PROBLEM is empty, or says what was found, what is
# supported and what to do.

# NAME OLDEST NEWEST PACKAGE-OF-DEBIAN TARGETS: the newest series is one that the tests were built with.
set(XSTITCH_DEPENDENCIES
    "Eigen3 3.4 5 libeigen3-dev Eigen3::Eigen eigen"
    "xtl 0.7 0.8 xtl-dev xtl xtl::xtl"
    "xtensor 0.24 0.27 libxtensor-dev xtensor xtensor::xtensor"
    "xsimd 8 14 libxsimd-dev xsimd xsimd::xsimd")

# Sets <version> to what the headers of <target> say, empty where they are not found by its include folders.
function(xstitch_read_version name target version)
  string(TOUPPER "${name}" prefix)
  set(macros ${prefix}_VERSION_MAJOR ${prefix}_VERSION_MINOR ${prefix}_VERSION_PATCH)
  set(headers ${name}/${name}_config.hpp ${name}/core/${name}_config.hpp ${name}/config/${name}_config.hpp)
  if(name STREQUAL Eigen3)
    set(macros EIGEN_WORLD_VERSION EIGEN_MAJOR_VERSION EIGEN_MINOR_VERSION EIGEN_PATCH_VERSION)
    set(headers Eigen/Version Eigen/src/Core/util/Macros.h)
  endif()
  set(number "")
  get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
  foreach(folder IN LISTS folders)
    string(REGEX REPLACE "^\\$<BUILD_INTERFACE:(.*)>$" "\\1" folder "${folder}")
    foreach(header IN LISTS headers)
      if(number OR NOT EXISTS "${folder}/${header}")
        continue()
      endif()
      foreach(macro IN LISTS macros)
        file(STRINGS "${folder}/${header}" line REGEX "define +${macro} +[0-9]+" LIMIT_COUNT 1)
        if(line MATCHES "define +${macro} +([0-9]+)")
          list(APPEND number ${CMAKE_MATCH_1})
        endif()
      endforeach()
    endforeach()
  endforeach()
  list(LENGTH number parts)
  if(name STREQUAL Eigen3 AND parts EQUAL 4)  # since version 5; the "world" stays 3
    list(POP_FRONT number)
  endif()
  list(JOIN number . number)
  set(${version} "${number}" PARENT_SCOPE)
endfunction()

# Finds one library: <result> becomes its target, XSTITCH_<name>_VERSION its version.
function(xstitch_find_dependency result name oldest newest debian)
  # xtensor's own use of xsimd stays off: it changes the types of its containers by a definition that every translation
  # unit of a program would have to share. Our kernels call xsimd themselves.
  set(XTENSOR_USE_XSIMD OFF)
  set(origin "a target of this project")
  set(target "")
  foreach(candidate IN LISTS ARGN)
    if(NOT target AND TARGET ${candidate})
      set(target ${candidate})
    endif()
  endforeach()
  if(NOT target)
    find_package(${name} QUIET NO_MODULE)
    set(origin "${${name}_DIR}")
    foreach(candidate IN LISTS ARGN)
      if(NOT target AND TARGET ${candidate})
        set(target ${candidate})
      endif()
    endforeach()
  endif()

  set(remedy "Install a supported one (Debian: ${debian}), say where it is by -D${name}_DIR=FOLDER (that of its\
 ${name}Config.cmake), or add it to the project before xstitch.")
  if(NOT target)
    set(problem "xstitch: found no ${name}, supported are the versions ${oldest} to ${newest}. ${remedy}")
    set(XSTITCH_DEPENDENCY_PROBLEM "${problem}" PARENT_SCOPE)
    return()
  endif()
  xstitch_read_version(${name} ${target} version)
  if(NOT version)  # its headers come by another target
    set(version "${${name}_VERSION}")
  endif()
  if(version AND version VERSION_LESS oldest)
    set(problem "xstitch: found ${name} ${version} (${origin}), supported are the versions ${oldest} to ${newest}. ${remedy}")
    set(XSTITCH_DEPENDENCY_PROBLEM "${problem}" PARENT_SCOPE)
    return()
  endif()
  string(FIND "${version}." "${newest}." in_newest)  # 14.3 is of the series 14, 0.27.1 of 0.27
  if(version VERSION_GREATER newest AND NOT in_newest EQUAL 0 AND NOT xstitch_FIND_QUIETLY)
    message(WARNING "xstitch: found ${name} ${version} (${origin}), which is newer than what it was tested with: "
                    "${oldest} to ${newest}. If something does not compile: ${remedy}")
  endif()
  set(${result} ${target} PARENT_SCOPE)
  set(XSTITCH_${name}_VERSION "${version}" PARENT_SCOPE)
endfunction()

set(XSTITCH_DEPENDENCY_PROBLEM "")
set(xstitch_libraries "")
set(xstitch_versions "")
foreach(xstitch_dependency IN LISTS XSTITCH_DEPENDENCIES)
  string(REPLACE " " ";" xstitch_dependency "${xstitch_dependency}")
  list(GET xstitch_dependency 0 xstitch_name)
  if(NOT XSTITCH_DEPENDENCY_PROBLEM)
    xstitch_find_dependency(xstitch_library ${xstitch_dependency})
  endif()
  list(APPEND xstitch_libraries ${xstitch_library})
  list(APPEND xstitch_versions "${xstitch_name} ${XSTITCH_${xstitch_name}_VERSION}")
endforeach()
if(NOT XSTITCH_DEPENDENCY_PROBLEM AND XSTITCH_xtensor_VERSION AND XSTITCH_xtl_VERSION)
  # The two changed together: neither xtensor compiles with the other's xtl.
  set(xstitch_pair 0.7)
  if(XSTITCH_xtensor_VERSION VERSION_GREATER_EQUAL 0.26)
    set(xstitch_pair 0.8)
  endif()
  if((XSTITCH_xtl_VERSION VERSION_LESS 0.8 AND xstitch_pair STREQUAL 0.8) OR
     (XSTITCH_xtl_VERSION VERSION_GREATER_EQUAL 0.8 AND xstitch_pair STREQUAL 0.7))
    set(XSTITCH_DEPENDENCY_PROBLEM "xstitch: found xtensor ${XSTITCH_xtensor_VERSION} with xtl ${XSTITCH_xtl_VERSION},\
 it needs xtl ${xstitch_pair}. Install that, or say where it is by -Dxtl_DIR=FOLDER (that of its xtlConfig.cmake).")
  endif()
endif()
if(NOT XSTITCH_DEPENDENCY_PROBLEM)
  if(NOT TARGET xstitch::dependencies)
    add_library(xstitch::dependencies INTERFACE IMPORTED GLOBAL)
    target_link_libraries(xstitch::dependencies INTERFACE ${xstitch_libraries})
  endif()
  if(NOT xstitch_FIND_QUIETLY)
    list(JOIN xstitch_versions ", " xstitch_versions)
    message(STATUS "xstitch: ${xstitch_versions}")
  endif()
endif()
unset(xstitch_dependency)
unset(xstitch_library)
unset(xstitch_libraries)
unset(xstitch_name)
unset(xstitch_pair)
unset(xstitch_versions)
