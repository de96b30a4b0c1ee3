#pragma once
// The number of words of the normals' codebook: the paper's.
namespace alexnet_nyu {
inline constexpr int words = 20;
}
