#pragma once
// What the ranks of the MPI tests do. Apart from MPI, so that it is compiled once for all its implementations.
#include <xstitch/run/ranks.hpp>

#include <memory>
#include <string>
#include <vector>

/// The exit status of the program.
int run_ranks(const std::shared_ptr<xstitch::Ranks>& ranks, const std::vector<std::string>& arguments);
