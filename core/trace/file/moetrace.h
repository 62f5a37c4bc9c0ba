// The .moetrace file: one SQLite database, see docs/moetrace.md.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"
#include "core/trace/sink.h"
#include "core/trace/trace.h"

namespace moescope {

inline constexpr int kMoetraceSchema = 5;

/// True when `head` (the first 100 bytes of a file) is a SQLite header with our application id.
bool is_moetrace(std::string_view head);

/// Opens for reading; columns are read on demand. Works while a writer appends: the trace shows
/// what was committed when it was opened. Throws Error (not a .moetrace, newer schema, damaged).
TracePtr open_moetrace(const std::filesystem::path& path);

/// What is saved with a trace in addition to its own content.
struct MoetraceExtras {
  std::string rules_json;                  ///< classification rules; "" keeps those of the trace
  std::optional<std::vector<Note>> notes;  ///< instead of the notes of the trace
};

/// Writes a whole trace to a new file: to a temporary name beside it, renamed when complete, so
/// that an existing file is only replaced by a whole one. Throws Error (disk full, no permission),
/// Cancelled.
void write_moetrace(const Trace& trace, const std::filesystem::path& path, Progress& progress,
                    const MoetraceExtras& extras = {});

/// Grows a .moetrace while recording; commits at least every second. A kill at any moment leaves a
/// file that opens and misses at most what was appended since the last commit.
class MoetraceWriter;  // declared in core/trace/file/moetrace_writer.h, a TraceSink

}  // namespace moescope
