#include "core/error.h"
#include "core/import/bytes/byte_source.h"
#include "core/import/importer.h"

namespace moescope {

FileProbe probe_file(const std::filesystem::path& path) {
  constexpr std::size_t kHeadBytes = std::size_t{64} << 10;
  const auto source = open_byte_source(path);
  FileProbe probe{path, std::string(kHeadBytes, '\0'), source->compressed()};
  probe.head.resize(source->read(probe.head.data(), kHeadBytes));
  if (probe.head.empty()) {
    const auto warnings = source->warnings();
    throw Error(path.string(), "", warnings.empty() ? "the file is empty" : warnings.front(),
                "Record the trace again");
  }
  return probe;
}

}  // namespace moescope
