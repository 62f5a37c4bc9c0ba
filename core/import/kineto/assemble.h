// From the events of a file to the tracks, spans and facts of a trace.
#pragma once

#include "core/import/kineto/reader.h"

namespace moescope::kineto {

/// Sorts the spans of `file` into tracks and hands everything to `sink`.
/// Throws Error when no event is usable, Cancelled.
void assemble(FileEvents file, const std::filesystem::path& path, bool compressed, TraceSink& sink,
              Progress& progress);

}  // namespace moescope::kineto
