# pair.cpp is compiled by the first test that asks for it, as nothing else needs it.
if(NOT Python3_EXECUTABLE AND EXISTS /usr/bin/python3)  # the one that Debian's numpy belongs to
  set(Python3_EXECUTABLE /usr/bin/python3)
endif()
xstitch_find_pybind11(missing)
if(missing)
  message(STATUS "xstitch: test python/pair is skipped, it needs ${missing}")
  return()
endif()
set(folder ${CMAKE_CURRENT_BINARY_DIR}/python)
xstitch_add_python_module(test_python_pair python/pair.cpp)
target_link_libraries(test_python_pair PRIVATE xstitch_dev)
target_compile_options(test_python_pair PRIVATE ${XSTITCH_NETWORK_TEST_FLAGS})
set_target_properties(test_python_pair PROPERTIES EXCLUDE_FROM_ALL TRUE OUTPUT_NAME pair LIBRARY_OUTPUT_DIRECTORY ${folder})
add_test(NAME python/build COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target test_python_pair)
set_tests_properties(python/build PROPERTIES LABELS "python;long" TIMEOUT 600 FIXTURES_SETUP python_pair)
add_test(NAME python/pair COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/python/check.py ${folder})
set_tests_properties(python/pair PROPERTIES LABELS "python;long" TIMEOUT ${XSTITCH_TEST_TIMEOUT} SKIP_RETURN_CODE 77
                                            FIXTURES_REQUIRED python_pair)
