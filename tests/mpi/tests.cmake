# Programs of several processes, one for each implementation of MPI, which can be installed side by side.
add_library(xstitch_test_ranks OBJECT EXCLUDE_FROM_ALL mpi/training.cpp)
target_link_libraries(xstitch_test_ranks PUBLIC xstitch_dev)

foreach(implementation openmpi mpich)
  find_program(XSTITCH_MPICXX_${implementation} mpicxx.${implementation})
  find_program(XSTITCH_MPIRUN_${implementation} mpirun.${implementation})
  mark_as_advanced(XSTITCH_MPICXX_${implementation} XSTITCH_MPIRUN_${implementation})
  if(NOT XSTITCH_MPICXX_${implementation} OR NOT XSTITCH_MPIRUN_${implementation})
    message(STATUS "xstitch: test mpi/${implementation} is skipped, it needs mpicxx.${implementation} and "
                   "mpirun.${implementation} (Debian: libopenmpi-dev openmpi-bin, libmpich-dev mpich)")
    continue()
  endif()
  execute_process(COMMAND ${XSTITCH_MPICXX_${implementation}} -show OUTPUT_VARIABLE line RESULT_VARIABLE failed
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(failed)
    message(STATUS "xstitch: test mpi/${implementation} is skipped, mpicxx.${implementation} -show fails")
    continue()
  endif()
  separate_arguments(words UNIX_COMMAND "${line}")
  set(includes "")
  set(libraries "")
  foreach(word IN LISTS words)
    if(word MATCHES "^-I(.*)$")
      list(APPEND includes ${CMAKE_MATCH_1})
    elseif(word MATCHES "^-[Ll]" AND NOT word MATCHES "mpicxx$|mpi_cxx$")
      list(APPEND libraries ${word})
    endif()
  endforeach()
  set(program test_mpi_${implementation})
  add_executable(${program} mpi/main.cpp $<TARGET_OBJECTS:xstitch_test_ranks>)
  target_link_libraries(${program} PRIVATE xstitch_dev ${libraries})
  target_include_directories(${program} SYSTEM PRIVATE ${includes})
  add_test(NAME mpi/${implementation} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/check
           ${XSTITCH_MPIRUN_${implementation}} $<TARGET_FILE:${program}> ${CMAKE_CURRENT_BINARY_DIR}/mpi/${implementation}
           0)  # kills: scripts/check_mpi
  set_tests_properties(mpi/${implementation} PROPERTIES LABELS mpi TIMEOUT 300 RUN_SERIAL TRUE)
endforeach()
