// Shared parts of the commands for a running node: attach, apply, rollback, status.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "app/commands/json_output.h"
#include "core/cluster/client.h"

namespace moescope {

/// The node and the credentials for it.
struct NodeOptions {
  std::string target;
  ConnectOptions connect;
  bool json = false;
};

/// TARGET, --token-file, --tls-*, --json.
void add_node_options(CLI::App& command, NodeOptions& options);
std::shared_ptr<ClusterClient> connect_node(const NodeOptions& options);

Json change_json(const NodePlanChange& change);
Json node_json(const NodeStatus& status);
/// Serving units of the node that carry out a change; at least 1.
int units_of(const NodeStatus& status);
/// One line of text.
std::string change_line(const NodePlanChange& change, int units);

}  // namespace moescope
