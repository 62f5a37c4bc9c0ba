// The rules by which serving engines choose the replica that serves a token.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/placement/plan.h"

namespace moescope {

/// Each is described by rule_facts(); docs/engines.md has the same table with sources.
enum class ReplicaRule {
  Even,           ///< equal shares for all replicas: what EPLB's account assumes
  Best,           ///< the best possible split of the given loads
  Weights,        ///< the plan's replica weights, else equal shares: MoEscope's runtime
  SglangStatic,   ///< one replica for each rank: the nearest, else a seeded draw
  SglangDynamic,  ///< the nearest replica, else a random one for each token
  SglangLp,       ///< a linear program for each batch
  VllmHash,       ///< a hash of the token's place in its batch
  AscendModulo,   ///< source rank modulo replicas
  TrtllmEven,     ///< round robin over the tokens of an expert
};

struct RuleFacts {
  ReplicaRule rule;
  const char* engine;    ///< on the command line; empty: no engine's
  const char* dispatch;  ///< on the command line
  const char* version;   ///< of the engine whose code was read; empty: no engine's
  const char* text;      ///< in a sentence, for people
  bool by_source;        ///< shares depend on which rank the tokens come from
  bool one_per_rank;     ///< each rank sends all tokens of an expert to one replica
};

const std::vector<RuleFacts>& all_rules();
const RuleFacts& rule_facts(ReplicaRule rule);
/// "sglang static"; "even split" and "best split" of no engine.
std::string rule_name(ReplicaRule rule);
/// For people: "SGLang static", "TensorRT-LLM even"; "even split" and "best split" of no engine.
std::string rule_title(ReplicaRule rule);
/// "SGLang", "TensorRT-LLM", ...; the name itself where it is none of rule_engines().
std::string engine_title(std::string_view engine);
/// The names of several, with commas.
std::string rule_names(const std::vector<ReplicaRule>& rules);

/// Engines with a rule: sglang, vllm, vllm-ascend, trtllm, moescope.
std::vector<std::string> rule_engines();
/// Words for --dispatch, each once.
std::vector<std::string> dispatch_names();

/// The rule of `engine` named `dispatch`; either may be empty. Without an engine the dispatch names
/// it; without a dispatch it is the engine's usual one; "even" and "best" go with every engine.
/// Throws Error when there is none.
ReplicaRule find_rule(std::string_view engine, std::string_view dispatch);
/// The rules that a solver should have in mind for an engine: its usual one, and for SGLang also
/// dynamic, which it takes without being told where there is no all-to-all backend.
std::vector<ReplicaRule> rules_to_solve_for(std::string_view engine);
/// The rule for a plan where nobody names one: of the engine, else equal shares, or the plan's
/// weights where it has them.
ReplicaRule usual_rule(std::string_view engine, const Plan& plan);

}  // namespace moescope
