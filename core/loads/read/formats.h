// The readers behind read_loads(), one per format family.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/loads/load_reading.h"
#include "core/loads/load_set.h"

namespace moescope::load_formats {

/// {"logical_count": [layer][expert] or [step][layer][expert], "layer_ids"?, "top_k"?}
LoadSet read_json(std::string_view text, const std::string& source);
/// vLLM's {"snapshots": [{"step", "window_expert_load", "latest_expert_load",
/// "physical_to_logical_map"}]}, a window for each.
LoadSet read_vllm_snapshots(std::string_view text, const std::string& source, Progress& progress);
/// {layer: {expert: tokens}}, or such objects in a list or under names: a window for each.
LoadSet read_layer_objects(std::string_view text, const std::string& source);
/// Whether a JSON text begins as read_layer_objects() takes it: the first layer and the first
/// expert are names that end in their number.
bool begins_with_layer_objects(std::string_view text);
/// vLLM eplb_load_stats lines, both revisions, lines of snapshots, or one line of routes per token.
LoadSet read_jsonl(std::string_view text, const std::string& source, Progress& progress);
/// Rows of numbers, one per layer, where an empty line starts the next window; or SGLang's list
/// layer_id,expert_id,count from before 0.4.6.post1.
LoadSet read_csv(std::string_view text, const std::string& source);
/// Counts or routes, see read_array().
LoadSet read_npy(std::string_view bytes, const std::string& source, const LoadReading& reading);
/// "routed_experts" in replies of vLLM and SGLang: one JSON document, or one per line.
LoadSet read_replies(std::string_view text, const std::string& source, const LoadReading& reading);
/// "topk_ids" [tokens][layers][k] and "text_offsets".
LoadSet read_routes_safetensors(const std::filesystem::path& path, Progress& progress);
/// meta_info.json and rank<R>.safetensors of TensorRT-LLM.
LoadSet read_trtllm_folder(const std::filesystem::path& folder, Progress& progress);
/// SGLang recorder dump: one file, or a folder with one file per rank; or a bare tensor.
LoadSet read_sglang_pt(const std::filesystem::path& path, Progress& progress,
                       const LoadReading& reading = {});
/// The files of the ranks of one recording. @param source name of the set
LoadSet read_sglang_pt(std::vector<std::filesystem::path> files, const std::string& source,
                       Progress& progress, const LoadReading& reading = {});
/// Tables `loads` and `plans` of a .moetrace, a set for each unit.
std::vector<LoadSet> read_recording(const std::filesystem::path& path, Progress& progress);

}  // namespace moescope::load_formats
