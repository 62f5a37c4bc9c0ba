// A small served model, and what each request must get from it.
#pragma once

#include <memory>
#include <vector>

#include "gpu/engine/options.h"

namespace moescope::runtime::test {

std::shared_ptr<const Model> served_model();

/// Eight ranks on two nodes, little room, many requests, ordered combine.
EngineOptions small_options();

/// What one request gets alone, token by token, without communication.
std::vector<int> greedy(const Request& request);

}  // namespace moescope::runtime::test
