// The plan in force as a file, from which a restarted node goes on.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "gpu/engine/placement/plan_store.h"

namespace moescope::runtime {

/// One file that always holds a whole plan: the next one is written and synced beside it and then
/// takes its name.
class PlanState final : public PlanStore {
 public:
  /// The file "plan.json" in `folder`, which is made when it is missing. The folder is locked as
  /// long as this lives. Throws Error, also when another node has it.
  static std::unique_ptr<PlanState> in_folder(const std::filesystem::path& folder);
  /// The file beside the recording at `path`: its name and "-plan".
  static std::unique_ptr<PlanState> beside_recording(const std::filesystem::path& path);
  ~PlanState() override;

  const std::filesystem::path& file() const { return file_; }
  /// What is stored, as text; empty when nothing was stored yet.
  std::string text() const;
  /// The plan that the node was started with on the command line, "" for none; kept with the plans
  /// that are stored.
  void set_given(std::string plan_json) { given_ = std::move(plan_json); }

  void prepare(const StoredPlan& next) override;
  void adopt() override;
  void sync() override;

 private:
  PlanState(std::filesystem::path file, int lock) : file_(std::move(file)), lock_(lock) {}
  /// Where the next plan is written.
  std::filesystem::path beside() const { return file_.string() + ".next"; }
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path file_;
  int lock_;  ///< a file that is locked; -1: none
  std::string given_;
};

/// What a PlanState has written.
struct StateReading {
  StoredPlan stored;
  std::string given;  ///< plan of the command line when it was written
};
/// Throws Error that names `source`.
StateReading parse_plan_state(const std::string& text, const std::string& source);

}  // namespace moescope::runtime
