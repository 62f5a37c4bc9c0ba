// Readable words for the enumerations of CUPTI and NVTX; exports may lack the ENUM_* tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace moescope::nsys {

/// "HtoD", "DtoH", "PtoP" ... of ENUM_CUDA_MEMCPY_OPER; "" when unknown.
std::string_view copy_kind(std::int64_t value);
/// "Pinned", "Device" ... of ENUM_CUDA_MEM_KIND; "" when unknown.
std::string_view memory_kind(std::int64_t value);
/// The word for an integer in column `column` of any event table, "" when it is a plain number.
std::string_view word_of(std::string_view column, std::int64_t value);

}  // namespace moescope::nsys
