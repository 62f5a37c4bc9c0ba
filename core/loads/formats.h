// The readers behind read_loads(), one a format family.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/loads/load_set.h"

namespace moescope::load_formats {

/// {"logical_count": [layer][expert] or [step][layer][expert], "layer_ids"?, "top_k"?}
LoadSet read_json(std::string_view text, const std::string& source);
/// vLLM eplb_load_stats lines, both revisions, or one line of routes per token.
LoadSet read_jsonl(std::string_view text, const std::string& source, Progress& progress);
/// Rows of numbers, a layer each; an empty line starts the next window.
LoadSet read_csv(std::string_view text, const std::string& source);
LoadSet read_npy(std::string_view bytes, const std::string& source);
/// "topk_ids" [tokens][layers][k] and "text_offsets".
LoadSet read_routes_safetensors(const std::filesystem::path& path, Progress& progress);
/// meta_info.json and rank<R>.safetensors of TensorRT-LLM.
LoadSet read_trtllm_folder(const std::filesystem::path& folder, Progress& progress);
/// SGLang recorder dump: one file, or a folder with one file per rank.
LoadSet read_sglang_pt(const std::filesystem::path& path, Progress& progress);
/// The files of the ranks of one dump. @param source name of the set
LoadSet read_sglang_pt(const std::vector<std::filesystem::path>& files, const std::string& source,
                       Progress& progress);
/// Tables `loads` and `plans` of a .moetrace, a set for each unit.
std::vector<LoadSet> read_recording(const std::filesystem::path& path, Progress& progress);

}  // namespace moescope::load_formats
