# What our own programs are compiled with; nothing here reaches a user of xstitch::xstitch.

find_program(XSTITCH_CCACHE ccache)
mark_as_advanced(XSTITCH_CCACHE)
if(XSTITCH_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Looks at the files that the compiler names, and so need not run the preprocessor first: an eighth of a small
  # test's time. (Precompiled headers: docs/design.md.)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_DEPEND=1 ${XSTITCH_CCACHE})
endif()
set(CMAKE_CXX_EXTENSIONS OFF)

add_library(xstitch_dev INTERFACE)
target_link_libraries(xstitch_dev INTERFACE xstitch::xstitch)
target_compile_options(xstitch_dev INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# g++ 12 reports its own AVX-512 headers as reading uninitialised values wherever they are inlined (GCC bug 105593).
target_compile_options(xstitch_dev INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
# ... and std::string's operator+ as copying overlapping memory (GCC bug 105651).
target_compile_options(xstitch_dev INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(XSTITCH_MARCH)
  target_compile_options(xstitch_dev INTERFACE -march=${XSTITCH_MARCH})
endif()
if(XSTITCH_LIBRARY_ASSERTIONS)
  target_compile_definitions(xstitch_dev INTERFACE _GLIBCXX_ASSERTIONS)
endif()
if(XSTITCH_SANITIZE)
  # Of the folder, and so before the options of each program: g++ lets the later one decide, and some programs leave
  # checks out (tests/CMakeLists.txt).
  add_compile_options(-fsanitize=${XSTITCH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # The sanitizers' own code makes g++ warn of what is not there; the other builds keep warnings errors.
  target_compile_options(xstitch_dev INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-error>)
  add_link_options(-fsanitize=${XSTITCH_SANITIZE})
endif()

# The same for tests and examples, which are many sources; benchmarks are compiled as a source of a user's is.
add_library(xstitch_dev_program INTERFACE)
target_link_libraries(xstitch_dev_program INTERFACE xstitch_dev)
if(XSTITCH_COMPILE_ONCE)
  xstitch_add_compiled(xstitch_compiled)
  target_link_libraries(xstitch_compiled PUBLIC xstitch_dev)
  target_link_libraries(xstitch_dev_program INTERFACE xstitch_compiled)
  target_link_options(xstitch_dev_program INTERFACE -Wl,--gc-sections)
endif()

# The same with every optional part that was found, but for MPI, which brings a dozen shared objects to load.
add_library(xstitch_dev_all INTERFACE)
target_link_libraries(xstitch_dev_all INTERFACE xstitch_dev_program)
foreach(component IN LISTS XSTITCH_COMPONENTS)
  if(component STREQUAL mpi)
    continue()
  endif()
  target_link_libraries(xstitch_dev_all INTERFACE xstitch::${component})
endforeach()

# A source that cannot do without an optional part says so in its first line: "// needs: nyuv2 images".
# Sets <result> to what is missing, empty if nothing is, and <needs> to the list.
function(xstitch_read_needs source result needs)
  file(STRINGS ${source} line LIMIT_COUNT 1)
  set(missing "")
  set(list "")
  if(line MATCHES "^// needs: *(.*)$")
    string(REGEX MATCHALL "[a-z0-9_]+" list "${CMAKE_MATCH_1}")
    foreach(component IN LISTS list)
      if(NOT component IN_LIST XSTITCH_COMPONENTS)
        list(APPEND missing "${component}: ${XSTITCH_MISSING_${component}}")
      endif()
    endforeach()
  endif()
  list(JOIN missing "; " missing)
  set(${result} "${missing}" PARENT_SCOPE)
  set(${needs} "${list}" PARENT_SCOPE)
endfunction()
