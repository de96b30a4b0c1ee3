# A small job in a system that fails: a sample here, every place in scripts/check_long, which builds attack_soak, too.
add_executable(attack_small_job attack/small_job.cpp)
target_link_libraries(attack_small_job PRIVATE xstitch_dev)
target_compile_options(attack_small_job PRIVATE ${XSTITCH_NETWORK_TEST_FLAGS})
add_library(attack_faulty MODULE attack/faulty.cpp)
target_link_libraries(attack_faulty PRIVATE xstitch_dev ${CMAKE_DL_LIBS})
add_executable(attack_soak EXCLUDE_FROM_ALL attack/soak.cpp)
target_link_libraries(attack_soak PRIVATE xstitch_dev)

add_test(NAME attack/sample COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/attack/attack $<TARGET_FILE:attack_small_job>
                                    $<TARGET_FILE:attack_faulty> --sample 5)
set_tests_properties(attack/sample PROPERTIES LABELS attack TIMEOUT 600)
