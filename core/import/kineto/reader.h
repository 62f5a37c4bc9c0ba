// Reads a whole file into events on several threads, exactly in order.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/import/bytes/byte_source.h"
#include "core/import/importer.h"
#include "core/import/kineto/collect.h"

namespace moescope::kineto {

/// Everything a file holds.
struct FileEvents {
  std::vector<std::unique_ptr<Collector>> workers;
  std::vector<BlockEvents> blocks;            ///< in order of the file
  std::map<std::string, std::string> values;  ///< top-level values beside the events
  bool found_events = false;                  ///< an array of events was there
  std::vector<std::string> warnings;
};

/// How the file is cut for the workers.
struct ReadOptions {
  std::size_t block_bytes = std::size_t{1} << 20;
  /// Reads every block with the tolerant walk instead of the parallel one; same result.
  bool tolerant_only = false;
};

/// Cuts the text at guessed event boundaries and reads the blocks in parallel. A block counts only
/// when the one before ended exactly where it begins, so a wrong guess costs time and never
/// correctness: from there the text is walked event by event until both meet again.
/// Broken events are counted in BlockEvents::skipped. Throws Error, Cancelled.
FileEvents read_events(const std::filesystem::path& path, const ImportOptions& options,
                       Progress& progress, const ReadOptions& how = {});

}  // namespace moescope::kineto
