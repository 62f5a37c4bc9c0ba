#include "core/loads/open/sniff.h"

#include <string>

#include "core/error.h"
#include "core/loads/files/load_file.h"
#include "core/loads/files/text_scan.h"
#include "core/loads/logs/balance_log.h"
#include "core/loads/logs/wait_matrix.h"
#include "core/loads/read/formats.h"
#include "core/trace/file/moetrace.h"

namespace moescope {
namespace {

constexpr std::size_t kHead = std::size_t{1} << 18;

/// Empty for what is no file: a pipe is never opened here.
std::string head_of(const std::filesystem::path& path) {
  try {
    return load_file_head(path, kHead);
  } catch (const Error&) {
    return "";
  }
}

bool is_load_folder(const std::filesystem::path& path) {
  std::error_code failed;
  if (std::filesystem::exists(path / "meta_info.json", failed)) return true;
  for (const auto& entry : std::filesystem::directory_iterator(path, failed))
    if (entry.path().extension() == ".pt") return true;
  return false;
}

/// A line of numbers, separated by commas, semicolons or blanks.
bool is_number_line(std::string_view line) {
  return line.find_first_of("0123456789") != std::string_view::npos &&
         line.find_first_not_of("0123456789.,;eE+- \t") == std::string_view::npos;
}

LoadInput sniff_json(std::string_view head) {
  const auto has = [head](std::string_view key) {
    return head.find(key) != std::string_view::npos;
  };
  if (has("\"traceEvents\"")) return LoadInput::None;
  for (const char* key : {"\"logical_count\"", "\"eplb_load_stats\"", "\"eplb_load_meta\"",
                          "\"topk_ids\"", "\"session_metadata\"", "\"routed_experts\"",
                          "\"window_expert_load\"", "\"latest_expert_load\""})
    if (has(key)) return LoadInput::Loads;
  return load_formats::begins_with_layer_objects(head) ? LoadInput::Loads : LoadInput::None;
}

}  // namespace

LoadInput sniff_load_input(const std::filesystem::path& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed))
    return is_load_folder(path) ? LoadInput::Loads : LoadInput::None;
  const std::string head = head_of(path);
  const std::string_view text = head;
  if (is_moetrace(head)) return LoadInput::Recording;
  if (text.starts_with("PK\x03\x04") || text.starts_with("\x93NUMPY")) return LoadInput::Loads;
  if (text.size() > 9 && text[8] == '{' && text[6] == '\0' && text[7] == '\0')
    return LoadInput::Loads;  // safetensors
  if (text.find('\0') != std::string_view::npos) return LoadInput::None;
  if (has_balance_lines(text)) return LoadInput::BalanceLog;
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return LoadInput::None;
  if (text[start] == '{') return sniff_json(text);
  // Lines of logs begin with a time in brackets, too.
  if (text[start] == '[' && sniff_json(text) == LoadInput::Loads) return LoadInput::Loads;
  std::string_view rest = text.substr(start), line;
  next_line(rest, line);
  if (is_number_line(line) || line == "layer_id,expert_id,count") return LoadInput::Loads;
  return has_wait_lines(text) ? LoadInput::WaitLog : LoadInput::None;
}

}  // namespace moescope
