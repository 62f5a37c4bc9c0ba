#include "core/placement/rules/replica_rule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"

namespace moescope {
namespace {

using R = ReplicaRule;

/// The first line of an engine is its usual rule.
const std::vector<RuleFacts> kRules = {
    {R::Even, "", "even", "", "an expert's tokens split equally over its replicas", false, false},
    {R::Best, "", "best", "",
     "an expert's tokens split over its replicas so that the fullest GPU is as empty as possible",
     false, false},
    {R::SglangStatic, "sglang", "static", "0.5.23",
     "each rank sends an expert's tokens to one replica: on its own GPU, else on its node, else "
     "drawn once with a fixed seed",
     true, true},
    {R::SglangDynamic, "sglang", "dynamic", "0.5.23",
     "tokens go to the replica on their own GPU, else on their node, else to a random one", true,
     false},
    {R::SglangLp, "sglang", "lp", "0.5.23",
     "a linear program splits each batch; taken as the best split, which it approaches in 5 steps",
     false, false},
    {R::VllmHash, "vllm", "hash", "0.33",
     "a hash of the token's place in the batch; equal shares over long batches, not over short "
     "ones",
     false, false},
    {R::AscendModulo, "vllm-ascend", "modulo", "0.23.0.post1",
     "each rank sends an expert's tokens to the replica numbered rank modulo replicas", true, true},
    {R::TrtllmEven, "trtllm", "even", "public source of 2026",
     "round robin over an expert's tokens in blocks of 1,024: equal shares", false, false},
    {R::Weights, "moescope", "weights", "this one",
     "tokens spread by the plan's replica weights, equally where it has none", false, false},
};

constexpr std::array<std::pair<std::string_view, const char*>, 5> kEngineTitles = {
    {{"sglang", "SGLang"},
     {"vllm", "vLLM"},
     {"vllm-ascend", "vllm-ascend"},
     {"trtllm", "TensorRT-LLM"},
     {"moescope", "MoEscope"}}};

bool reference(std::string_view dispatch) {
  return dispatch == "even" || dispatch == "best";
}

}  // namespace

const std::vector<RuleFacts>& all_rules() {
  return kRules;
}

const RuleFacts& rule_facts(ReplicaRule rule) {
  return *std::find_if(kRules.begin(), kRules.end(),
                       [rule](const RuleFacts& facts) { return facts.rule == rule; });
}

std::string rule_name(ReplicaRule rule) {
  const RuleFacts& facts = rule_facts(rule);
  return *facts.engine == '\0' ? fmt::format("{} split", facts.dispatch)
                               : fmt::format("{} {}", facts.engine, facts.dispatch);
}

std::string engine_title(std::string_view engine) {
  for (const auto& [name, title] : kEngineTitles)
    if (name == engine) return title;
  return std::string(engine);
}

std::string rule_title(ReplicaRule rule) {
  const RuleFacts& facts = rule_facts(rule);
  return *facts.engine == '\0' ? rule_name(rule)
                               : fmt::format("{} {}", engine_title(facts.engine), facts.dispatch);
}

std::string rule_names(const std::vector<ReplicaRule>& rules) {
  std::vector<std::string> names;
  for (const ReplicaRule rule : rules) names.push_back(rule_name(rule));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<std::string> rule_engines() {
  std::vector<std::string> names;
  for (const RuleFacts& facts : kRules)
    if (*facts.engine != '\0' && (names.empty() || names.back() != facts.engine))
      names.emplace_back(facts.engine);
  return names;
}

std::vector<std::string> dispatch_names() {
  std::vector<std::string> names;
  for (const RuleFacts& facts : kRules)
    if (std::find(names.begin(), names.end(), facts.dispatch) == names.end())
      names.emplace_back(facts.dispatch);
  return names;
}

ReplicaRule find_rule(std::string_view engine, std::string_view dispatch) {
  if (engine.empty() && dispatch.empty()) return R::Even;
  std::vector<std::string> choices;
  for (const RuleFacts& facts : kRules) {
    if (!engine.empty() && engine != facts.engine) continue;
    if (dispatch.empty() || dispatch == facts.dispatch) return facts.rule;
    choices.emplace_back(facts.dispatch);
  }
  if (!engine.empty() && choices.empty())
    throw Error("", "--engine", fmt::format("\"{}\" is no engine with a replica rule", engine),
                fmt::format("Give one of {}", fmt::join(rule_engines(), ", ")));
  if (reference(dispatch)) return dispatch == "even" ? R::Even : R::Best;
  if (engine.empty()) choices = dispatch_names();
  for (const char* name : {"even", "best"})
    if (std::find(choices.begin(), choices.end(), name) == choices.end())
      choices.emplace_back(name);
  throw Error("", "--dispatch",
              engine.empty() ? fmt::format("\"{}\" is no replica rule", dispatch)
                             : fmt::format("{} has no replica rule \"{}\"", engine, dispatch),
              fmt::format("Give one of {}", fmt::join(choices, ", ")));
}

std::vector<ReplicaRule> rules_to_solve_for(std::string_view engine) {
  if (engine == "sglang") return {R::SglangStatic, R::SglangDynamic};
  return {find_rule(engine, "")};
}

ReplicaRule usual_rule(std::string_view engine, const Plan& plan) {
  if (!engine.empty()) return find_rule(engine, "");
  return plan.replica_weight.empty() ? R::Even : R::Weights;
}

}  // namespace moescope
