#include "core/open/file_kind.h"

#include "core/error.h"
#include "core/loads/files/load_file.h"
#include "core/loads/open/sniff.h"

namespace moescope {
namespace {

constexpr std::size_t kHead = std::size_t{1} << 16;

/// Plan files name the map; dumps of loads may do so too but also hold counts.
bool is_plan(const std::filesystem::path& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return false;
  try {
    const std::string head = load_file_head(path, kHead);
    return head.find("\"physical_to_logical_map\"") != std::string::npos &&
           head.find("\"logical_count\"") == std::string::npos &&
           head.find("\"snapshots\"") == std::string::npos &&
           head.find("_expert_load\"") == std::string::npos;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

FileKind kind_of_file(const std::filesystem::path& path) {
  if (is_plan(path)) return FileKind::Plan;
  switch (sniff_load_input(path)) {
    case LoadInput::Loads:
      return FileKind::Loads;
    case LoadInput::Recording:
      return FileKind::Recording;
    case LoadInput::BalanceLog:
      return FileKind::BalanceLog;
    case LoadInput::WaitLog:
      return FileKind::WaitLog;
    case LoadInput::None:
      break;
  }
  return FileKind::Trace;
}

SortedFiles sort_files(const std::vector<std::filesystem::path>& files, Progress& progress) {
  SortedFiles sorted;
  for (const auto& file : files) {
    progress.check();
    switch (kind_of_file(file)) {
      case FileKind::Plan:
        sorted.plans.push_back(file);
        break;
      case FileKind::Recording:
        sorted.recordings.push_back(file);
        [[fallthrough]];
      case FileKind::Trace:
        sorted.traces.push_back(file);
        break;
      default:
        sorted.loads.push_back(file);
    }
  }
  return sorted;
}

}  // namespace moescope
