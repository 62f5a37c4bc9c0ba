// A device for one MoE layer of all ranks of a unit, without a unit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "gpu/base/memory.h"
#include "gpu/base/unit_kind.h"
#include "gpu/comm/exchange/exchange.h"
#include "gpu/compute/operators.h"
#include "gpu/record/rank_log.h"

namespace moescope::runtime {

/// Workers of a rank (SMs on a GPU) and how many of them communicate; 0: what the backend makes up.
struct DeviceBudget {
  int workers = 0;
  int communication = 0;
};

struct MoeDeviceOptions {
  Group group;
  DeviceBudget budget;
  RankLogs* logs = nullptr;  ///< one for each rank; nullptr: nothing is recorded
};

/// Facts about a device for recordings and reports.
struct DeviceFacts {
  std::string name;
  int workers = 0;  ///< of the whole device
  bool on_cpu = true;
  std::map<std::string, std::string> more;  ///< clock, budget, versions
  std::uint64_t dropped = 0;                ///< records that did not fit
};

/// Calls may only queue work; finish() waits for it.
class MoeDevice {
 public:
  virtual ~MoeDevice() = default;
  virtual Memory& memory() = 0;
  virtual const MoeOperators& operators() const = 0;
  virtual std::unique_ptr<Exchange> exchange(const ExchangeWire& wire) = 0;
  /// The workers that a rank has for this stream.
  virtual Team& team(int member, StreamId stream) = 0;
  /// What the next calls belong to; `layer` of the model.
  virtual void begin(std::uint32_t step, int layer) = 0;
  /// All work is done. Throws Error for what went wrong in it.
  virtual void finish() = 0;
  virtual DeviceFacts facts() const = 0;
};

}  // namespace moescope::runtime
