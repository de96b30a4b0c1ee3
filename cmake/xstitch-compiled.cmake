# xstitch_add_compiled(NAME): for programs of many sources, a static library of the functions of xstitch that are no
# templates. What links NAME, in place of xstitch::xstitch, does not compile them in each source (docs/building.md).
function(xstitch_add_compiled name)
  add_library(${name} STATIC ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/compiled.cpp)
  target_link_libraries(${name} PUBLIC xstitch::xstitch)
  target_compile_definitions(${name} INTERFACE XSTITCH_COMPILED)
  target_compile_options(${name} PRIVATE -ffunction-sections)  # -Wl,--gc-sections takes those that a program calls
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()
