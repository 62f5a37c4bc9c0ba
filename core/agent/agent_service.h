// What the agent answers over the wire: a serving engine in the terms of core/cluster.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "core/agent/agent_recorder.h"
#include "core/agent/engine/engine_watch.h"
#include "core/agent/engine_socket.h"
#include "core/cluster/scrape/engine_figures.h"
#include "core/cluster/wire/node_types.h"

namespace moescope {

/// Between the engine's ranks on their socket and clients on theirs. Safe from several threads.
class AgentService final : public NodeControl, public EngineSocket::Handler {
 public:
  /// @param state file that keeps epoch and history over a restart; empty: none. Throws Error when
  /// it is there and is not a state.
  /// @param stop called when a client asks the agent to end
  AgentService(std::uint64_t run, AgentRecorder& recorder, std::filesystem::path state,
               std::function<void()> stop);

  /// Where plans are sent; before anything connects.
  void set_socket(EngineSocket& socket) { socket_ = &socket; }
  /// What a look at the engine's own metrics found, or why it found nothing. From any thread.
  void served(const ScrapedEngine* engine, const std::string& fault);
  /// Calls that wait for a change of plan return, no others begin, and nothing more is recorded.
  void leave();

  void check_serving() override;
  NodeStatus status(bool with_plan) override;
  PlanOutcome apply(const PlanRequest& request, const std::string& who,
                    const PlanListener& listener) override;
  PlanOutcome rollback(const std::string& who) override;
  void report_effect(std::uint64_t ticket, const PlanEffect& effect) override;
  void configure(const NodeSettings& settings) override;
  void stop() override;

  void received(int peer, std::string_view bytes) override;
  void gone(int peer) override;
  void look() override;

 private:
  struct Peer {
    EngineFrameReader reader;
    std::optional<RankHello> hello;  ///< without its map
  };
  void take(int peer, Peer& from, const EngineFrame& frame);
  PlanOutcome carry_out(EngineWatch::Proposal proposal, std::unique_lock<std::mutex>& lock,
                        const PlanListener& listener);
  void add_metrics(NodeStatus& status, double now) const;
  void save();

  std::mutex mutex_;  ///< guards the rest
  std::condition_variable changed_;
  AgentRecorder& recorder_;
  EngineWatch watch_;
  std::filesystem::path state_;
  std::string saved_;      ///< what the state file holds
  std::string not_saved_;  ///< why it could not be written; empty: it was
  std::function<void()> stop_;
  EngineSocket* socket_ = nullptr;
  std::map<int, Peer> peers_;
  std::string last_fault_;  ///< of a peer that was disconnected
  bool left_ = false;
  std::optional<ScrapedEngine> served_;  ///< of the newest look at the engine's metrics
  double served_at_ = 0;
  std::string not_served_;  ///< why that look failed
};

}  // namespace moescope
