// What a rank of a serving engine says to the agent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/agent/engine/engine_frames.h"

namespace moescope {

/// What the plugin was started for.
enum class EngineMode : std::uint8_t { Observe, Suggest, Apply };
const char* to_string(EngineMode mode);  ///< "observe", "suggest", "apply"

using EngineRows = std::vector<std::vector<int>>;  ///< [layer][slot], logical experts

/// First message of a connection: who it is, and its whole state.
struct RankHello {
  std::string engine, version;  ///< "sglang", "0.5.23"
  std::string plugin;           ///< version of the plugin
  std::string instance;         ///< names the group of ranks in its job
  std::string refuses;          ///< why this engine takes no plans; empty: nothing against it
  EngineMode mode = EngineMode::Observe;
  int rank = 0, size = 1;                      ///< place in the group, and ranks of the group
  int gpus = 1;                                ///< that the slots are spread over
  int layers = 0, slots = 0, experts = 0;      ///< of the map; slots and experts of a layer
  std::optional<std::vector<int>> moe_layers;  ///< rows that hold experts, once they are known
  std::int64_t process_id = 0;
  bool hold = false;  ///< the engine leaves the map alone
  std::uint64_t passes = 0;
  std::uint32_t digest = 0;  ///< CRC-32 of the map
  EngineRows map;
  struct Outcome {
    std::string plan, state, reason;
  };
  std::vector<Outcome> recent;  ///< of plans, oldest first
};
struct RankLayers {
  std::vector<int> moe_layers;
};
/// The map after the engine moved experts.
struct RankMap {
  std::uint64_t pass = 0;
  std::string plan;  ///< that should be in force; empty: the engine's own map
  std::uint32_t digest = 0;
  double milliseconds = 0;        ///< that it took
  std::int64_t moved = 0;         ///< slots that hold another expert
  std::optional<EngineRows> map;  ///< of the lead only
};
/// Tokens by layer and logical expert since the last message, of all ranks.
struct RankLoads {
  std::vector<std::vector<std::uint64_t>> tokens;
  std::uint64_t passes = 0;  ///< 0: not known
};
struct RankAlive {
  std::uint64_t passes = 0, waits = 0, faults = 0;
  bool hold = false;
};
enum class EnginePlanState : std::uint8_t {
  Refused,       ///< never proposed to the ranks
  Received,      ///< waits for the lead's next turn
  Voting,        ///< proposed
  Agreed,        ///< every rank would take it; not installed, as asked
  Aborted,       ///< not every rank said yes
  Committed,     ///< waits for its pass
  Installed,     ///< in force, as the lead sees it
  NotInstalled,  ///< its pass came, and the engine kept another map
};
struct RankPlanState {
  std::string plan;
  EnginePlanState state = EnginePlanState::Refused;
  std::string reason;
  std::uint64_t pass = 0;  ///< that it is for; 0: none yet
};

using RankMessage =
    std::variant<RankHello, RankLayers, RankMap, RankLoads, RankAlive, RankPlanState>;

/// The state of that name; throws Error that names `source`.
EnginePlanState parse_plan_state_name(const std::string& name, const std::string& source);

/// Checks every field, the first message being a hello and all others fitting it. nullopt for a
/// kind of message that this program does not know. Throws Error that names `source` and the field.
/// @param hello of this connection; nullptr: it has not come
std::optional<RankMessage> parse_rank_message(const EngineFrame& frame, const RankHello* hello,
                                              const std::string& source);

/// int32, little endian, row after row.
std::string map_bytes(const EngineRows& rows);
/// CRC-32 of map_bytes().
std::uint32_t map_digest(const EngineRows& rows);

}  // namespace moescope
