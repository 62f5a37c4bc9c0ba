#include <algorithm>

#include "core/error.h"
#include "core/loads/files/load_file.h"
#include "core/loads/read/formats.h"
#include "core/trace/file/moetrace.h"

namespace moescope {
namespace {

constexpr std::uint64_t kMaxTextBytes = std::uint64_t{1} << 30;
constexpr const char* kFormats =
    "Load dumps of SGLang, TensorRT-LLM, vLLM, vllm-ascend and MindSpeed, routes, replies with "
    "routed "
    "experts, CSV, NPY, JSON and recordings (.moetrace) can be opened";

std::string first_bytes(const std::filesystem::path& path) {
  return load_file_head(path, 4096);
}

/// A safetensors file starts with the length of a JSON header.
bool is_safetensors(const std::string& head) {
  return head.size() > 9 && head[8] == '{' && head[6] == '\0' && head[7] == '\0';
}

LoadSet read_text(const std::filesystem::path& path, const std::string& head, Progress& progress,
                  const LoadReading& reading) {
  const auto start = head.find_first_not_of(" \t\r\n");
  if (start == std::string::npos) throw Error(path.string(), "", "is empty", kFormats);
  if (head.find('\0') != std::string::npos)
    throw Error(path.string(), "", "is of no known kind: neither text nor a dump", kFormats);
  const auto text = load_file_text(path, kMaxTextBytes);
  const auto source = path.string();
  if (head[start] != '{' && head[start] != '[') return load_formats::read_csv(text, source);
  const auto has = [](std::string_view in, const char* key) {
    return in.find(key) != std::string_view::npos;
  };
  // Lines of JSON begin with one that is whole on its own and name what they record.
  const auto line = std::string_view(text).substr(start, text.find('\n', start) - start);
  const bool snapshots = has(text, "_expert_load\"");
  if (has(line, "\"record_type\"") || has(line, "\"topk_ids\"") ||
      (has(line, "_expert_load\"") && !has(line, "\"snapshots\"")))
    return load_formats::read_jsonl(text, source, progress);
  if (snapshots && has(text, "\"snapshots\""))
    return load_formats::read_vllm_snapshots(text, source, progress);
  if (load_formats::begins_with_layer_objects(text))
    return load_formats::read_layer_objects(text, source);
  if (has(text, "\"routed_experts\"") && !has(text, "\"logical_count\""))
    return load_formats::read_replies(text, source, reading);
  return load_formats::read_json(text, source);
}

LoadSet read_folder(const std::filesystem::path& path, Progress& progress,
                    const LoadReading& reading) {
  if (std::filesystem::exists(path / "meta_info.json"))
    return load_formats::read_trtllm_folder(path, progress);
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.path().extension() == ".pt")
      return load_formats::read_sglang_pt(path, progress, reading);
  throw Error(path.string(), "", "holds neither meta_info.json nor .pt files", kFormats);
}

}  // namespace

LoadSet read_loads(const std::filesystem::path& path, Progress& progress,
                   const LoadReading& reading) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return read_folder(path, progress, reading);
  const auto head = first_bytes(path);
  if (head.starts_with("PK\x03\x04")) return load_formats::read_sglang_pt(path, progress, reading);
  if (head.starts_with("\x93NUMPY"))
    return load_formats::read_npy(load_file_text(path, kMaxTextBytes), path.string(), reading);
  if (is_moetrace(head)) {
    auto sets = load_formats::read_recording(path, progress);
    if (sets.size() > 1)
      sets.front().notes.push_back("the recording has loads of " + std::to_string(sets.size()) +
                                   " units; these are of the " + sets.front().unit + " unit");
    return std::move(sets.front());
  }
  if (is_safetensors(head)) return load_formats::read_routes_safetensors(path, progress);
  if (head.starts_with("\x80"))
    throw Error(path.string(), "", "is a bare pickle (torch before 1.6), which is never loaded",
                "Save it again with a newer torch");
  return read_text(path, head, progress, reading);
}

void keep_unit(std::vector<LoadSet>& sets, const std::string& source, const std::string& unit) {
  if (sets.empty()) return;
  std::erase_if(sets, [&](const LoadSet& set) { return set.unit != unit; });
  if (sets.empty())
    throw Error(source, "unit", "has no loads of the " + unit + " unit", "Choose the other unit",
                "--unit");
}

LoadSet read_loads_of_unit(const std::filesystem::path& path, const std::string& unit,
                           Progress& progress, const LoadReading& reading) {
  auto sets = read_load_sets(path, progress, reading);
  keep_unit(sets, path.string(), unit);
  return std::move(sets.front());
}

std::vector<LoadSet> read_load_sets(const std::filesystem::path& path, Progress& progress,
                                    const LoadReading& reading) {
  std::error_code failed;
  if (!std::filesystem::is_directory(path, failed) && is_moetrace(first_bytes(path)))
    return load_formats::read_recording(path, progress);
  std::vector<LoadSet> sets;
  sets.push_back(read_loads(path, progress, reading));
  return sets;
}

}  // namespace moescope
