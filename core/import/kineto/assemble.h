// From the events of a file to the tracks, spans and facts of a trace.
#pragma once

#include "core/import/kineto/reader.h"

namespace moescope::kineto {

/// Sorts the spans of `file` into tracks and hands everything to `sink`.
/// Throws Error when no event is usable, Cancelled.
void assemble(FileEvents file, const std::filesystem::path& path, bool compressed, TraceSink& sink,
              Progress& progress);

/// Rank in a file name ("rank0", "rank_3", "RANK-12"); nullopt when it has none.
std::optional<int> rank_in_file_name(std::string_view name);

}  // namespace moescope::kineto
