// Arrays of NumPy's file format.
#pragma once

#include <string>
#include <string_view>

#include "core/loads/read/array_loads.h"

namespace moescope {

/// The array in `bytes`, which must outlive it; numbers in C order. Throws Error when it is damaged
/// or of another kind.
NumberArray parse_npy(std::string_view bytes, const std::string& source);

}  // namespace moescope
