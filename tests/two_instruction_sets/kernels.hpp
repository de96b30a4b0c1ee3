#pragma once
// What each of the two translation units tells the main program.
const char* lower_simd_name();
int lower_vector_bytes();
double lower_result();
const char* upper_simd_name();
int upper_vector_bytes();
double upper_result();
