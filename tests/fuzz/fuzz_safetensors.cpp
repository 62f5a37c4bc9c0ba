// Any bytes as a safetensors file: an Error, or tensors that lie inside the file and come back the
// same when they are written and read again; an Error of the second reading is a finding.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "gpu/model/safetensors.h"

using namespace moescope;
using namespace moescope::runtime;

namespace {

/// A file in memory, closed with the object.
struct MemoryFile {
  MemoryFile() : fd(memfd_create("fuzz", 0)) {
    if (fd < 0) abort();
  }
  ~MemoryFile() { close(fd); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd); }
  int fd;
};

/// Converts a floating tensor, which reads all its bytes.
void convert(const TensorView& tensor) {
  if (!is_floating(tensor.type)) return;
  std::vector<float> out(tensor.elements());
  to_floats(tensor, out);
}

void check_written_again(const SafetensorsFile& file) {
  std::vector<TensorData> copies;
  for (const auto& [name, tensor] : file.tensors())
    copies.push_back({name, tensor.type, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()}});
  const MemoryFile copy;
  write_safetensors(copy.path(), copies, file.metadata());
  const SafetensorsFile again(copy.path());
  if (again.metadata() != file.metadata() || again.tensors().size() != copies.size()) abort();
  for (const auto& [name, tensor] : file.tensors()) {
    const auto found = again.tensors().find(name);
    if (found == again.tensors().end() || found->second.type != tensor.type ||
        found->second.shape != tensor.shape ||
        !std::ranges::equal(found->second.bytes, tensor.bytes))
      abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile input;
  if (pwrite(input.fd, data, size, 0) != static_cast<ssize_t>(size)) abort();
  std::optional<SafetensorsFile> file;
  try {
    file.emplace(input.path());
  } catch (const Error&) {
    return 0;
  }
  for (const auto& [name, tensor] : file->tensors()) convert(tensor);
  check_written_again(*file);
  return 0;
}
