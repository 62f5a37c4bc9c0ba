// What ranks run on. An engine has a backend make its units and uses them only through Unit. A
// backend has its own folder, which defines `const Backend& NAME_backend()`, and a line in
// gpu/node/backends.inc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gpu/engine/footprint.h"
#include "gpu/engine/layer/moe_device.h"
#include "gpu/engine/options.h"
#include "gpu/engine/unit/unit.h"
#include "gpu/record/recorder.h"

namespace moescope::runtime {

/// The defaults stand for unsupported features.
class Backend {
 public:
  virtual ~Backend() = default;

  /// As `--backend` takes it.
  virtual const char* name() const = 0;
  /// For --help, after the name; empty: nothing to say.
  virtual const char* help() const { return ""; }
  /// Its description in recordings: what ranks and workers are.
  virtual std::string fact() const { return name(); }

  /// Which devices to use, as `--gpus` names them; before any is asked for. Throws Error when the
  /// list is wrong and when the backend uses no GPU.
  virtual void use_devices(const std::string& list) const;
  /// The devices it would use, or why it can use none: some lines of text, or one JSON document.
  /// Empty: it needs none.
  virtual std::string devices(bool json) const;
  /// Throws Error when this machine has no device that it needs.
  virtual void check_devices() const {}

  /// Units of it serve requests.
  virtual bool serves() const { return false; }
  /// Completes what recordings say of the ranks: name and size of their device.
  virtual void describe(std::vector<RecordedRank>&) const {}
  /// Before anything is allocated: throws Error when the layout takes more than there is. The
  /// options must be possible (check_layout()); `slots_per_rank` in each MoE layer.
  virtual void check_room(const EngineOptions& options, const ModelConfig& config,
                          int slots_per_rank, const LayoutHost& host) const;
  /// Of several processes each makes the same units in the same order. Throws Error, also when the
  /// backend does not serve.
  virtual std::unique_ptr<Unit> make_unit(const UnitParts& parts) const;

  /// For one MoE layer without a unit: how a backend is compared with another. Throws Error.
  virtual std::unique_ptr<MoeDevice> layer_device(const ModelConfig& config,
                                                  const MoeDeviceOptions& options) const = 0;
};

}  // namespace moescope::runtime
