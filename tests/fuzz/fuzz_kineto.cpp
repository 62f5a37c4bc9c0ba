// Any bytes as a Kineto file: an Error or a trace whose arguments are valid JSON, never a crash.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "core/import/importer.h"
#include "core/import/kineto/assemble.h"

namespace {

/// The input as a file in memory.
std::filesystem::path as_file(const std::uint8_t* data, std::size_t size) {
  static const int fd = memfd_create("fuzz", 0);
  if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != static_cast<ssize_t>(size)) abort();
  return "/proc/self/fd/" + std::to_string(fd);
}

/// Cuts the text in blocks of `bytes`, reads it and returns the number of spans, -1 on an Error.
std::int64_t spans(const std::filesystem::path& path, std::size_t bytes, bool tolerant) {
  moescope::Progress progress;
  moescope::TraceBuilder builder;
  try {
    auto file = moescope::kineto::read_events(path, {true, 1}, progress, {bytes, tolerant});
    moescope::kineto::assemble(std::move(file), path, false, builder, progress);
  } catch (const moescope::Error&) {
    return -1;
  }
  const auto trace = builder.snapshot();
  for (moescope::TrackId t = 0; t < trace->tracks().size(); ++t)
    for (std::size_t c = 0; c < trace->chunk_infos(t).size(); ++c)
      for (const auto& args : trace->chunk(t, c)->args().rows())
        if (!args.empty() && !nlohmann::json::accept(args)) abort();
  return static_cast<std::int64_t>(trace->span_count());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto path = as_file(data, size);
  spans(path, 256, false);
  spans(path, std::size_t{1} << 20, true);
  return 0;
}
