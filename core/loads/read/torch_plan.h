// The placement inside a torch archive of SGLang.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"

namespace moescope {

struct TorchPlan {
  std::vector<std::vector<int>> map;  ///< [layer of the model][slot], dense layers too
  std::optional<int> gpus;  ///< number of ranks that wrote a dump, when all files are there
  std::vector<std::string> notes;
};

/// Whether a file or folder may hold a placement: a torch archive, or a folder of them.
bool may_be_torch_plan(const std::filesystem::path& path);
/// `physical_to_logical_map` of a file for --init-expert-location, or the last map of a per_pass or
/// per_token dump: a file, or the folder with those of all ranks. Throws Error when there is none
/// or the ranks differ.
TorchPlan read_torch_plan(const std::filesystem::path& path, Progress& progress);

}  // namespace moescope
