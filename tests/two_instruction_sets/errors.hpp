#pragma once
// Each of the two throws through the library's fail(), and calls the function it is given: whether it caught an Error
// with that text.
void lower_throw(const char* text);
bool lower_catches(void (*thrower)(const char*), const char* text);
void upper_throw(const char* text);
bool upper_catches(void (*thrower)(const char*), const char* text);
