# Several test sources in one program: the headers are read once, and what the sources instantiate in common is compiled
# once, which takes a third to a half off the time to build all tests. Each source keeps a ctest entry of its own (doctest
# chooses by the source's name) and a target of its own, built on request: test_FOLDER_NAME.
#
# A source keeps its file-wide names to itself: the program's source includes all headers first, and then each test source
# inside a namespace of its own. What speaks of the whole program stays alone: replaced allocation, limits of the process,
# macros, headers that are not everywhere, code in the library's namespace.
set(XSTITCH_TEST_GROUP_LINES 1000 CACHE STRING "Lines of test sources that share a program; 0: each is a program of its own")

# Sets <result> to whether the source can share a program.
function(xstitch_can_share source result)
  file(STRINGS ${source} alone REGEX "operator new|setrlimit|__has_include|^#define|^namespace xstitch|^template <>|int main" LIMIT_COUNT 1)
  if(alone OR XSTITCH_TEST_GROUP_LINES EQUAL 0)
    set(${result} FALSE PARENT_SCOPE)
  else()
    set(${result} TRUE PARENT_SCOPE)
  endif()
endfunction()

# Sets <result> to the lines of the headers that the sources include, each once. "name" is beside its source.
function(xstitch_read_includes result)
  set(includes "")
  foreach(source IN LISTS ARGN)
    get_filename_component(folder ${source} DIRECTORY)
    file(STRINGS ${source} lines REGEX "^#include (<[^>]*>|\"[^\"]*\\.hp*\")")
    foreach(line IN LISTS lines)
      string(REGEX MATCH "<[^>]*>|\"[^\"]*\"" name "${line}")
      if(name MATCHES "^\"(.*)\"$")
        get_filename_component(path ${folder}/${CMAKE_MATCH_1} REALPATH)
        set(name "\"${path}\"")
      endif()
      list(APPEND includes "#include ${name}")
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES includes)
  list(JOIN includes "\n" includes)
  set(${result} "${includes}" PARENT_SCOPE)
endfunction()

# Writes <output>, a source that is all of the others.
function(xstitch_write_group output)
  xstitch_read_includes(includes ${ARGN})
  set(bodies "")
  foreach(source IN LISTS ARGN)
    file(RELATIVE_PATH name ${CMAKE_CURRENT_SOURCE_DIR} ${source})
    string(MAKE_C_IDENTIFIER "${name}" name)
    string(APPEND bodies "namespace in_${name} {\n#include \"${source}\"\n}\n")
  endforeach()
  file(GENERATE OUTPUT ${output} CONTENT "${includes}\n${bodies}")
endfunction()
