# Snippets of README.md and docs/*.md: what they show compiles and does what the page says, or is refused as it says.
#
# `extract` writes them to files. One that must not compile (NAME.wrong.cpp) is given to the compiler by `check`. Each
# other one has tests in run/NAME.hpp, which call what it shows; the two stand in a namespace of their own in a program of
# several snippets, which reads the headers once. snippets/NAME is its ctest entry, snippet_NAME a program of it alone,
# built on request. A test case whose name begins with "long: " is an entry of its own, snippets/NAME/long.
set(extract ${CMAKE_CURRENT_SOURCE_DIR}/snippets/extract)
set(folder ${CMAKE_CURRENT_BINARY_DIR}/snippets)
file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/docs/*.md)
file(GLOB runs CONFIGURE_DEPENDS snippets/run/*.hpp)
# The runs too: their includes are read here.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${extract} ${pages} ${runs})
execute_process(COMMAND ${extract} ${PROJECT_SOURCE_DIR} ${folder} OUTPUT_VARIABLE snippets
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" snippets "${snippets}")
set(optional "$<TARGET_PROPERTY:xstitch_dev_all,INTERFACE_INCLUDE_DIRECTORIES>")
set(optional "$<FILTER:${optional},EXCLUDE,^(${PROJECT_SOURCE_DIR}|/usr)/include$>")

# A program of the snippets that are named. Their pages decide which of their functions are used, and what is local to a
# snippet is in an included file here, which g++ warns of as if it were a header.
function(xstitch_add_snippets target library)
  cmake_parse_arguments(PARSE_ARGV 2 arg "EXCLUDE_FROM_ALL" "" "")
  set(exclude "")
  if(arg_EXCLUDE_FROM_ALL)
    set(exclude EXCLUDE_FROM_ALL)
  endif()
  set(sources "")
  set(bodies "#pragma GCC diagnostic ignored \"-Wunused-function\"\n")
  foreach(name IN LISTS arg_UNPARSED_ARGUMENTS)
    set(pair ${CMAKE_CURRENT_BINARY_DIR}/snippets/${name}.cpp ${CMAKE_CURRENT_SOURCE_DIR}/snippets/run/${name}.hpp)
    list(APPEND sources ${pair})
    list(JOIN pair "\"\n#include \"" pair)
    string(APPEND bodies "namespace snippet_${name} {\n#include \"${pair}\"\n}\n")
  endforeach()
  xstitch_read_includes(includes ${sources})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/groups/${target}.cpp)
  file(GENERATE OUTPUT ${source} CONTENT "${includes}\n${bodies}")
  xstitch_add_program(${target} snippets ${library} ${exclude} ${source})
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

# Adds the program of the snippets that are in `group`, and empties it.
set(group "")
set(group_lines 0)
set(mpi_group "")
add_custom_target(snippets)
macro(xstitch_end_snippets)
  if(group)
    xstitch_add_snippets(${group_target} xstitch_dev_all ${group})
    add_dependencies(snippets ${group_target})
  endif()
  set(group "")
  set(group_lines 0)
endmacro()

set(XSTITCH_SNIPPET_GROUP_LINES 800 CACHE STRING "Lines of snippets and their runs that share a program")
foreach(snippet IN LISTS snippets)
  get_filename_component(file ${snippet} NAME)
  get_filename_component(name ${snippet} NAME_WE)
  set(run ${CMAKE_CURRENT_SOURCE_DIR}/snippets/run/${name}.hpp)
  list(REMOVE_ITEM runs ${run})
  if(XSTITCH_TEST_WITHOUT AND "snippets/${name}" MATCHES "${XSTITCH_TEST_WITHOUT}")
    continue()
  endif()
  file(STRINGS ${snippet} place REGEX "^#line [0-9]+ \"" LIMIT_COUNT 1)
  string(REGEX REPLACE "^#line ([0-9]+) \"(.*)\"$" "\\2:\\1" place "${place}")
  if(NOT file MATCHES "\\.wrong\\.cpp$" AND NOT EXISTS ${run})
    message(FATAL_ERROR
            "${place}: the snippet that begins here has no test. Write ${run}: doctest's TEST_CASEs, which call what the "
            "snippet shows and check that it does what the page says (docs/contributing.md, \"A page\"). Snippets are "
            "counted from the top of their page: one that is put in between gives those below it other numbers, and their "
            "files in run/ other names.")
  endif()
  xstitch_read_needs(${snippet} missing needs)
  if(missing)
    message(STATUS "xstitch: snippet ${name} is skipped, it needs ${missing}")
    continue()
  endif()
  if(file MATCHES "\\.wrong\\.cpp$")
    add_test(NAME snippets/${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/snippets/check ${snippet} ${compile}
             "-isystem$<SEMICOLON>$<JOIN:${optional},$<SEMICOLON>-isystem$<SEMICOLON>>" COMMAND_EXPAND_LISTS)
    set_tests_properties(snippets/${name} PROPERTIES LABELS snippets TIMEOUT ${XSTITCH_TEST_TIMEOUT})
    continue()
  endif()

  set(choice --source-file=*/run/${name}.hpp)
  if("mpi" IN_LIST needs)  # two ranks, which need MPI's libraries
    if(NOT MPIEXEC_EXECUTABLE)
      message(STATUS "xstitch: snippet ${name} is skipped, it needs mpirun (Debian: openmpi-bin or mpich)")
      continue()
    endif()
    list(APPEND mpi_group ${name})
    add_test(NAME snippets/${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/launch ${MPIEXEC_EXECUTABLE} -np 2
             $<TARGET_FILE:snippets_mpi> ${choice})
    set_tests_properties(snippets/${name} PROPERTIES LABELS snippets TIMEOUT ${XSTITCH_TEST_TIMEOUT} PROCESSORS 2
                                                     WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
    continue()
  endif()

  xstitch_add_snippets(snippet_${name} xstitch_dev_all EXCLUDE_FROM_ALL ${name})
  set(lines ${group_lines})
  foreach(part ${snippet} ${run})
    file(STRINGS ${part} text)
    list(LENGTH text count)
    math(EXPR lines "${lines} + ${count}")
  endforeach()
  if(group AND lines GREATER XSTITCH_SNIPPET_GROUP_LINES)
    math(EXPR lines "${lines} - ${group_lines}")
    xstitch_end_snippets()
  endif()
  if(NOT group)
    set(group_target snippets_from_${name})
  endif()
  list(APPEND group ${name})
  set(group_lines ${lines})

  file(STRINGS ${run} long REGEX "TEST_CASE\\(\"long: " LIMIT_COUNT 1)
  add_test(NAME snippets/${name} COMMAND ${group_target} ${choice} "--test-case-exclude=long: *")
  set_tests_properties(snippets/${name} PROPERTIES LABELS snippets TIMEOUT ${XSTITCH_TEST_TIMEOUT}
                                                   WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  if(long)
    add_test(NAME snippets/${name}/long COMMAND ${group_target} ${choice} "--test-case=long: *")
    set_tests_properties(snippets/${name}/long PROPERTIES LABELS "snippets;long" TIMEOUT 1800
                                                          WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  endif()
endforeach()
xstitch_end_snippets()
if(mpi_group)
  xstitch_add_snippets(snippets_mpi xstitch_dev_all ${mpi_group})
  target_link_libraries(snippets_mpi PRIVATE xstitch::mpi)
  add_dependencies(snippets snippets_mpi)
endif()
if(runs)
  message(FATAL_ERROR "${runs}: no page has a snippet of this name; ${folder} holds those that there are")
endif()
