#pragma once
/// \file
/// Eigen 3.4 and 5: the matrices and views of it (its decompositions are in headers of their own).

#include <Eigen/Core>

#if !EIGEN_VERSION_AT_LEAST(3, 4, 0)
#error "xstitch: Eigen is too old: found a version before 3.4, expected 3.4 or 5; see docs/building.md"
#endif
