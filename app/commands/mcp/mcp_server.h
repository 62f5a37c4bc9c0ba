// The Model Context Protocol over stdin and stdout: JSON-RPC 2.0, a message a line.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "app/commands/mcp/mcp_child.h"
#include "app/commands/mcp/mcp_tools.h"
#include "core/temporary_folder.h"

namespace moescope::mcp {

/// Longest message that is read; a longer one is answered with an error and skipped.
inline constexpr std::size_t kMaxMessageBytes = std::size_t{1} << 20;
/// Messages that may wait while a call runs.
inline constexpr std::size_t kMaxWaiting = 64;

struct ServerOptions {
  ChildLimits limits;
  bool pictures = false;
};

/// Serves one client, one call at a time. While a call runs, pings are answered and cancellations
/// heeded; other requests wait.
class Server {
 public:
  using Send = std::function<void(std::string_view line)>;

  /// @param input descriptor of the messages
  /// @param send writes a line to the client
  /// Throws Error when its temporary folder cannot be made.
  Server(Roots roots, ServerOptions options, int input, Send send);

  /// Until the input ends and everything before is answered. Throws Error when the client is
  /// gone.
  void run();

 private:
  bool read_input();
  void take_line(std::string_view line);
  bool urgent(const ToolJson& message);
  void handle(const ToolJson& message);
  void initialize(const ToolJson& id, const ToolJson& params);
  void call(const ToolJson& id, const ToolJson& params);
  ToolJson outcome(const Tool& tool, const std::vector<std::string>& words);
  ToolJson picture(const Tool& tool, std::vector<std::string> words);
  ToolJson failure(const ChildResult& result) const;
  std::optional<ChildResult> run_words(const std::vector<std::string>& words);
  void reply(const ToolJson& id, ToolJson result);
  void error(const ToolJson& id, int code, const std::string& message);
  void send(const ToolJson& message);

  Roots roots_;
  ServerOptions options_;
  int input_;  ///< -1 once it has ended
  Send send_;
  TemporaryFolder folder_{"moescope-mcp"};  ///< children run in it
  std::string pending_;                     ///< of a line whose end has not come
  bool skipping_ = false;                   ///< the rest of a line that is too long
  bool initialized_ = false;
  std::deque<ToolJson> waiting_;
  std::optional<ToolJson> running_;  ///< id of the call that runs
};

}  // namespace moescope::mcp
