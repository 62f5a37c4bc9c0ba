// Checks of input files named by the user.
#pragma once

#include <filesystem>
#include <new>

#include "core/error.h"

namespace moescope {

/// Throws Error when `path` is a pipe, a socket or a device: opening or reading one can block for
/// ever or never end. Anything else passes, including a missing file: opening it reports the error.
void refuse_special_file(const std::filesystem::path& path);

/// The result of `read()`; running out of memory becomes an Error that names the file and says that
/// it is too large for this machine.
template <typename Read>
auto within_memory(const std::filesystem::path& path, Read read) {
  try {
    return read();
  } catch (const std::bad_alloc&) {
    throw Error(path.string(), "", "needs more memory than this process can get",
                "Open it where there is more memory, or record a shorter time");
  }
}

}  // namespace moescope
