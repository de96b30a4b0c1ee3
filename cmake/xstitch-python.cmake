# xstitch_add_python_module(NAME SOURCE...): networks as a Python module (docs/python.md). A source has
# PYBIND11_MODULE(NAME, module). Needs pybind11 (Debian: pybind11-dev, python3-dev, python3-numpy); for another Python
# than the first that CMake finds, set Python3_EXECUTABLE.

# Sets <result> to what is missing, empty if nothing is.
macro(xstitch_find_pybind11 result)
  set(${result} "")
  find_package(Python3 QUIET COMPONENTS Interpreter Development.Module)
  if(NOT TARGET Python3::Module)
    set(${result} "Python's headers (python3-dev)")
  else()
    find_package(pybind11 2.10 CONFIG QUIET)
    if(NOT COMMAND pybind11_add_module)
      set(${result} "pybind11 (pybind11-dev)")
    endif()
  endif()
endmacro()

function(xstitch_add_python_module name)
  xstitch_find_pybind11(missing)
  if(missing)
    message(FATAL_ERROR "xstitch_add_python_module(${name}): ${missing} not found")
  endif()
  pybind11_add_module(${name} MODULE NO_EXTRAS ${ARGN})  # the extras optimise again at link time, for minutes
  target_link_libraries(${name} PRIVATE xstitch::xstitch)
endfunction()
