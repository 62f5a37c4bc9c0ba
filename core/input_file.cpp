#include "core/input_file.h"

namespace moescope {
namespace {

const char* kind_name(std::filesystem::file_type type) {
  switch (type) {
    case std::filesystem::file_type::fifo:
      return "a pipe";
    case std::filesystem::file_type::socket:
      return "a socket";
    case std::filesystem::file_type::character:
    case std::filesystem::file_type::block:
      return "a device";
    default:
      return nullptr;
  }
}

}  // namespace

void refuse_special_file(const std::filesystem::path& path) {
  std::error_code ignored;
  // stat() never blocks; open() of a pipe without a writer does.
  if (const char* kind = kind_name(std::filesystem::status(path, ignored).type()))
    throw Error(path.string(), "", std::string("is ") + kind + ", expected a file",
                "Save what it yields to a file first");
}

}  // namespace moescope
