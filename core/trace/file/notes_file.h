// Notes of the user as a small JSON file beside the trace, so that foreign traces stay untouched.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/trace/trace.h"

namespace moescope {

/// Suffix of notes files; they are skipped when a folder is opened.
inline constexpr std::string_view kNotesSuffix = ".moescope-notes";

/// Notes file of a trace opened from `paths`: beside a single file, inside a single folder, beside
/// the first of several files.
std::filesystem::path notes_path(const std::vector<std::filesystem::path>& paths);

/// Reads `path`. Tracks are found by their full path and spans by start and name, because ids
/// differ between readers. A note that refers to something no longer in `trace` loses the reference
/// but is kept. Throws Error (cannot be read, not a notes file, newer schema, over 64 MiB).
std::vector<Note> read_notes(const std::filesystem::path& path, const Trace& trace);

/// Replaces `path` atomically; without notes the file is removed. Throws Error (no permission, disk
/// full).
void write_notes(const std::filesystem::path& path, const Trace& trace,
                 const std::vector<Note>& notes);

}  // namespace moescope
