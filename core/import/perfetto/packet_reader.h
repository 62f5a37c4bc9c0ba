// The packets of a Perfetto trace, one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/import/perfetto/perfetto.pb.h"
#include "core/progress.h"

namespace moescope::perfetto {

/// Largest packet, and largest content of a compressed one.
inline constexpr int kMaxPacketBytes = 64 << 20;

struct PacketFile {
  std::uint64_t packets = 0;
  std::map<std::string, std::uint64_t> skipped;  ///< packets that could not be used
  std::vector<std::string> warnings;             ///< of the container: cut off, damaged
};

/// Whether the first bytes of a file are packets.
bool begins_with_packets(std::string_view head);

/// Calls `use` for every packet in the order of the file, also for those in compressed packets.
/// What follows damage is left out, with a warning. Throws Error (unreadable), Cancelled.
PacketFile read_packets(const std::filesystem::path& path, Progress& progress,
                        const std::function<void(const TracePacket&)>& use);

}  // namespace moescope::perfetto
