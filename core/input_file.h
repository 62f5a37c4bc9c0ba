// Files that somebody named to be read.
#pragma once

#include <filesystem>
#include <new>

#include "core/error.h"

namespace moescope {

/// Throws Error when `path` is a pipe, a socket or a device: opening or reading one can block for
/// ever or never end. Anything else passes, a missing file too: opening it says what is wrong.
void refuse_special_file(const std::filesystem::path& path);

/// What `read()` returns; a lack of memory on the way becomes an Error that names the file and says
/// that it is too large for this machine.
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
