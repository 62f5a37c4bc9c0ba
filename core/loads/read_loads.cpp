#include <algorithm>
#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "core/input_file.h"
#include "core/loads/formats.h"
#include "core/trace/moetrace.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxTextBytes = std::size_t{1} << 30;
constexpr const char* kFormats =
    "Load dumps of SGLang, TensorRT-LLM and vLLM, routes, CSV, NPY, JSON and recordings "
    "(.moetrace) can be opened";

std::string first_bytes(const std::filesystem::path& path) {
  refuse_special_file(path);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path.string(), "", "cannot open the file", "Check the path");
  std::string bytes(4096, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

/// A safetensors file starts with the length of a JSON header.
bool is_safetensors(const std::string& head) {
  return head.size() > 9 && head[8] == '{' && head[6] == '\0' && head[7] == '\0';
}

LoadSet read_text(const std::filesystem::path& path, const std::string& head, Progress& progress) {
  const auto text = read_text_file(path, kMaxTextBytes);
  const auto start = head.find_first_not_of(" \t\r\n");
  if (start == std::string::npos) throw Error(path.string(), "", "is empty", kFormats);
  if (head[start] != '{' && head[start] != '[') return load_formats::read_csv(text, path.string());
  // Lines of JSON begin with one that is whole on its own and name what they record.
  const auto line = text.substr(start, text.find('\n', start) - start);
  const bool lines = line.find("\"record_type\"") != std::string::npos ||
                     line.find("\"topk_ids\"") != std::string::npos;
  return lines ? load_formats::read_jsonl(text, path.string(), progress)
               : load_formats::read_json(text, path.string());
}

LoadSet read_folder(const std::filesystem::path& path, Progress& progress) {
  if (std::filesystem::exists(path / "meta_info.json"))
    return load_formats::read_trtllm_folder(path, progress);
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.path().extension() == ".pt") return load_formats::read_sglang_pt(path, progress);
  throw Error(path.string(), "", "holds neither meta_info.json nor .pt files", kFormats);
}

}  // namespace

LoadSet read_loads(const std::filesystem::path& path, Progress& progress) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return read_folder(path, progress);
  const auto head = first_bytes(path);
  if (head.starts_with("PK\x03\x04")) return load_formats::read_sglang_pt(path, progress);
  if (head.starts_with("\x93NUMPY"))
    return load_formats::read_npy(read_text_file(path, kMaxTextBytes), path.string());
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
  return read_text(path, head, progress);
}

void keep_unit(std::vector<LoadSet>& sets, const std::string& source, const std::string& unit) {
  if (sets.empty()) return;
  std::erase_if(sets, [&](const LoadSet& set) { return set.unit != unit; });
  if (sets.empty())
    throw Error(source, "unit", "has no loads of the " + unit + " unit",
                "Leave --unit out to see what it has");
}

LoadSet read_loads_of_unit(const std::filesystem::path& path, const std::string& unit,
                           Progress& progress) {
  auto sets = read_load_sets(path, progress);
  keep_unit(sets, path.string(), unit);
  return std::move(sets.front());
}

std::vector<LoadSet> read_load_sets(const std::filesystem::path& path, Progress& progress) {
  std::error_code failed;
  if (!std::filesystem::is_directory(path, failed) && is_moetrace(first_bytes(path)))
    return load_formats::read_recording(path, progress);
  std::vector<LoadSet> sets;
  sets.push_back(read_loads(path, progress));
  return sets;
}

}  // namespace moescope
