// Plans in the forms that serving engines take, out and in.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/placement/plan.h"

namespace moescope {

enum class Engine { Sglang, Trtllm, TrtllmReport, Vllm, VllmAscend, Csv };

/// "sglang", "trtllm", "trtllm-report", "vllm", "vllm-ascend", "csv".
std::optional<Engine> engine_from_name(std::string_view name);
const char* to_string(Engine engine);

/// A plan as an engine reads it, and what the user has to know to use it.
struct EngineExport {
  std::string text;
  std::string launch;                ///< the flags or settings that name the file
  std::vector<std::string> caveats;  ///< of the engine and of what the form cannot say
};

/// True for forms that name the layers of the model, not of the plan.
bool names_model_layers(Engine engine);
/// `plan` with rows named as the model's layers from `first` on, if it does not name them itself.
Plan with_first_layer(Plan plan, int first);

/// Whether the engine takes a plan with dead GPUs: SGLang's elastic EP fills their slots with
/// expert 0, vLLM's with -1.
bool takes_dead_gpus(Engine engine);

/// @param file path that the launch line names
/// Throws Error when the engine cannot take this plan (dead GPUs, an expert twice on a device).
EngineExport export_plan(const Plan& plan, Engine engine, const std::string& file);

/// What the engines' files do not say.
struct ImportShape {
  std::optional<int> gpus, nodes, groups;
};
/// Completes a plan whose map was read elsewhere: GPUs, nodes and groups of `shape`, experts as the
/// map names them. Throws Error when the number of GPUs is neither in the plan (0) nor given.
Plan with_shape(Plan plan, const ImportShape& shape, const std::string& source);
/// Reads an engine's file. Problems of the plan itself are for validate_plan(). Throws Error when
/// the text is not of that form, or when the number of GPUs is neither in it nor given.
Plan import_plan(std::string_view text, Engine engine, const ImportShape& shape,
                 const std::string& source);

/// Writes the export beside `path`, reads it back and compares, and only then gives it the name: a
/// file that was there stays until then. Throws Error.
EngineExport write_engine_file(const Plan& plan, Engine engine, const std::filesystem::path& path);

}  // namespace moescope
