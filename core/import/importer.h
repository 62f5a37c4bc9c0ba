// Importers: one per foreign format, chosen by content and never by file name alone. Each has its
// own files, which define NAME_importer(), and a line in importers.inc.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"
#include "core/trace/sink.h"

namespace moescope {

struct ImportOptions {
  bool keep_args = true;  ///< false: analyses that need no arguments skip reading them
  int threads = 0;        ///< 0 = all cores
};

/// First bytes of a file, decompressed when it is gzip.
struct FileProbe {
  std::filesystem::path path;
  std::string head;  ///< up to 64 KiB of content
  bool gzip = false;
};
/// Reads the probe; throws Error when the file is missing, not readable, a directory or empty.
FileProbe probe_file(const std::filesystem::path& path);

class Importer {
 public:
  virtual ~Importer() = default;
  virtual std::string_view name() const = 0;         ///< "kineto", "nsys", "moetrace"
  virtual std::string_view description() const = 0;  ///< for the open dialog and --help
  virtual bool recognises(const FileProbe& probe) const = 0;
  /// Reads one file into `sink`, whose times start at 0 for the file's earliest span
  /// (TraceInfo::start_epoch_ns keeps the clock). Broken events are skipped and counted in
  /// TraceInfo::skipped; throws Error when no usable event is left, Cancelled on cancel.
  virtual void import(const FileProbe& probe, TraceSink& sink, const ImportOptions& options,
                      Progress& progress) const = 0;
};

/// All importers, asked in order.
const std::vector<const Importer*>& importers();
/// nullptr when none has this name.
const Importer* find_importer(std::string_view name);

}  // namespace moescope
