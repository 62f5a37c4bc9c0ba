// Export and import of plans in the formats of serving engines.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/placement/engines/engine_form.h"

namespace moescope {

/// `plan` with rows numbered as the model's layers from `first` on, unless it has layer ids.
Plan with_first_layer(Plan plan, int first);

/// @param file path that the launch line names
/// Throws Error when the engine cannot take this plan (dead GPUs, an expert twice on a device).
EngineExport export_plan(const Plan& plan, const EngineForm& form, const std::string& file);

/// What the engines' files do not say.
struct ImportShape {
  std::optional<int> gpus, nodes, groups;
};
/// Completes a plan whose map was read elsewhere: GPUs, nodes and groups from `shape`, experts from
/// the map. Throws Error when the number of GPUs is neither in the plan (0) nor given.
Plan with_shape(Plan plan, const ImportShape& shape, const std::string& source);
/// Reads an engine's file. Problems of the plan itself are for validate_plan(). Throws Error when
/// the text is not of that form, or when the number of GPUs is neither in it nor given.
Plan import_plan(std::string_view text, const EngineForm& form, const ImportShape& shape,
                 const std::string& source);

/// Writes the export beside `path`, reads it back, compares it and only then renames it: an
/// existing file stays until then. Throws Error.
EngineExport write_engine_file(const Plan& plan, const EngineForm& form,
                               const std::filesystem::path& path);

}  // namespace moescope
