// Reading an Nsight Systems export that stands for another file.
#pragma once

#include "core/import/importer.h"

namespace moescope::nsys {

/// Reads the SQLite export `database` into `sink`. @param named the file as the user named it.
/// Throws Error, Cancelled.
void import_export(const std::filesystem::path& database, const std::filesystem::path& named,
                   TraceSink& sink, const ImportOptions& options, Progress& progress);

}  // namespace moescope::nsys
