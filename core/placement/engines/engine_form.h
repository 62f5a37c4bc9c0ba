// The format in which an engine reads plans. Each has its own file and a line in forms.inc.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/placement/plan.h"

namespace moescope {

/// A plan in an engine's format, and what the user has to know to use it.
struct EngineExport {
  std::string text;
  std::string launch;                ///< the flags or settings that name the file
  std::vector<std::string> caveats;  ///< of the engine, and what the form cannot express
};

class EngineForm {
 public:
  virtual ~EngineForm() = default;
  virtual const char* name() const = 0;    ///< on the command line: "sglang"
  virtual const char* title() const = 0;   ///< in dialogs: "SGLang (JSON)"
  virtual const char* suffix() const = 0;  ///< of its files, without the dot
  /// Whether the text looks like this form; the first match in the order of forms.inc counts.
  virtual bool recognises(std::string_view text) const = 0;
  /// Its files are read by another form, which the user chooses instead.
  virtual bool read_as_another() const { return false; }
  /// Its rows are named as layers of the model, not of the plan.
  virtual bool names_model_layers() const { return false; }
  /// The engine takes a plan with dead GPUs.
  virtual bool takes_dead_gpus() const { return false; }
  /// Replica weights are written.
  virtual bool keeps_weights() const { return false; }
  /// Throws Error when the engine does not take a file of this name.
  virtual void check_name(const std::filesystem::path&) const {}
  /// @pre the plan is valid. Throws Error when the form cannot express it.
  virtual std::string write(const Plan& plan) const = 0;
  /// num_gpus is 0 where the form does not have it. Throws Error when the text is not of this form.
  virtual Plan read(std::string_view text, const std::string& source) const = 0;
  /// Rows of `read`, which write(plan) was read back as, in the plan's terms.
  virtual std::vector<std::vector<int>> rows_as_written(const Plan& read, const Plan&) const {
    return read.physical_to_logical;
  }
  /// Launch line and caveats; the text stays empty. @param file that the launch line names
  virtual EngineExport describe(const Plan& plan, const std::string& file) const = 0;
};

/// All forms in the order of menus.
const std::vector<const EngineForm*>& engine_forms();
/// nullptr when there is none of this name.
const EngineForm* engine_form(std::string_view name);
/// The form of a file by its text; nullptr when none recognises it.
const EngineForm* recognise_engine_form(std::string_view text);

}  // namespace moescope
