#include "core/loads/read/torch_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/loads/files/load_file.h"
#include "core/loads/read/sglang_loads.h"
#include "core/loads/read/torch_counts.h"

namespace moescope {
namespace {

namespace fs = std::filesystem;

struct FoundMap {
  std::vector<std::vector<int>> map;
  bool of_dump = false;
};

FoundMap map_of(const fs::path& path) {
  TorchFile file(path);
  const auto& root = file.pickle().root();
  for (const char* key : {"physical_to_logical_map", "last_physical_to_logical_map"})
    if (const auto* tensor = file.pickle().find(root, key))
      return {read_expert_map(file, *tensor, path.string(), key), key[0] == 'l'};
  throw Error(
      path.string(), "", "holds no placement",
      "Expected a file for --init-expert-location, or a dump of mode per_pass or per_token; "
      "a dump of mode stat has loads only");
}

}  // namespace

bool may_be_torch_plan(const fs::path& path) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) return !load_formats::recorder_files(path).empty();
  return fs::is_regular_file(path, failed) && load_file_head(path, 4) == "PK\x03\x04";
}

TorchPlan read_torch_plan(const fs::path& path, Progress& progress) {
  const bool folder = fs::is_directory(path);
  auto files = folder ? load_formats::recorder_files(path) : std::vector{path};
  if (files.empty()) throw Error(path.string(), "", "holds no .pt files");
  std::sort(files.begin(), files.end());
  TorchPlan plan;
  bool of_dump = false;
  for (const auto& file : files) {
    progress.check();
    auto found = map_of(file);
    of_dump |= found.of_dump;
    if (!plan.map.empty() && found.map != plan.map)
      throw Error(file.string(), "", "has another placement than the files before it",
                  "Give the file whose placement is wanted");
    plan.map = std::move(found.map);
  }
  if (of_dump)
    plan.notes.emplace_back(
        "this is the last placement of the dump, at the time when it was written");
  // Each rank has written one file.
  if (folder && of_dump && plan.map[0].size() % files.size() == 0)
    plan.gpus = static_cast<int>(files.size());
  return plan;
}

}  // namespace moescope
