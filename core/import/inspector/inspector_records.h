// The lines of NCCL's and RCCL's Inspector plugin: operations of communicators, and what was
// dropped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/trace/types.h"

namespace moescope::inspector {

/// A rank of a communicator in one process.
struct Communicator {
  std::string host, pid, id, name;
  int rank = -1, ranks = 0;
  friend auto operator<=>(const Communicator&, const Communicator&) = default;
};

/// One collective, send or receive, or an operation of the proxy thread.
struct Operation {
  enum class Kind : std::uint8_t { Collective, PointToPoint, Proxy };
  Kind kind = Kind::Collective;
  std::size_t communicator = 0;  ///< index into Records::communicators
  std::string name;              ///< "AllReduce", "Send", "proxy op"
  std::string lane;              ///< of proxy operations: channel and direction
  std::optional<TimeNs> start;   ///< on the clock of the host, ns since 1970
  TimeNs duration = 0;           ///< ns
  std::optional<TimeNs> dumped;  ///< when it was written: it had ended by then
  std::string args;              ///< JSON object
};

/// Operations that the plugin's ring lost, by communicator.
struct Drops {
  std::size_t communicator = 0;
  std::uint64_t count = 0;
  std::optional<TimeNs> dumped;
  std::string reason;
};

struct Records {
  std::vector<Communicator> communicators;
  std::vector<Operation> operations;
  std::vector<Drops> drops;
  std::string version;  ///< of the output, as the file writes it
  std::uint64_t lines = 0;
  std::map<std::string, std::uint64_t> skipped;
  std::vector<std::string> warnings;
};

/// Reads all lines. Lines that are broken or of another kind are counted as skipped. Throws Error,
/// Cancelled.
Records read_records(const std::filesystem::path& path, Progress& progress);

}  // namespace moescope::inspector
