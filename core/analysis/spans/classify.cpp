#include "core/analysis/spans/classify.h"

#include <re2/re2.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "core/parallel.h"

namespace moescope {
namespace {

constexpr std::array kClassNames = {"attention", "dense",         "gate",          "dispatch",
                                    "combine",   "communication", "expert",        "shared_expert",
                                    "fused_moe", "memory",        "other_compute", "host"};
static_assert(kClassNames.size() == kSpanClassCount);
constexpr std::size_t kMaxRules = 1000;
constexpr std::size_t kMaxPattern = 4096;

std::optional<SpanClass> class_from(std::string_view word) {
  for (std::size_t i = 0; i < kClassNames.size(); ++i)
    if (word == kClassNames[i]) return static_cast<SpanClass>(i);
  return std::nullopt;
}

RE2::Options quiet() {
  RE2::Options options;
  options.set_log_errors(false);
  return options;
}

Error rule_error(const std::string& source, std::size_t index, const std::string& problem) {
  return Error(source, "rule " + std::to_string(index + 1), problem);
}

/// One rule from its JSON object; throws Error naming the rule.
Rule parse_rule(const nlohmann::json& json, const std::string& source, std::size_t index) {
  if (!json.is_object()) throw rule_error(source, index, "expected an object");
  for (const auto* key : {"class", "pattern"})
    if (!json.contains(key) || !json[key].is_string())
      throw rule_error(source, index, std::string("expected text in \"") + key + "\"");
  const auto span_class = class_from(json["class"].get<std::string>());
  if (!span_class || *span_class == SpanClass::Host)
    throw rule_error(source, index, "unknown class \"" + json["class"].get<std::string>() + "\"");
  Rule rule{*span_class, json["pattern"].get<std::string>(), false, ""};
  if (json.contains("waits")) {
    if (!json["waits"].is_boolean())
      throw rule_error(source, index, "expected true or false in \"waits\"");
    rule.waits = json["waits"].get<bool>();
  }
  if (rule.waits && role_of(rule.span_class) != Role::Communication)
    throw rule_error(source, index, "only communication can wait");
  if (json.contains("comment") && json["comment"].is_string())
    rule.comment = json["comment"].get<std::string>();
  if (rule.pattern.size() > kMaxPattern)
    throw rule_error(source, index, "pattern longer than 4096 characters");
  if (const RE2 re(rule.pattern, quiet()); !re.ok())
    throw rule_error(source, index, "pattern is not valid RE2: " + re.error());
  return rule;
}

/// Compiled rules.
class Matcher {
 public:
  explicit Matcher(const RuleSet& rules) : rules_(rules) {
    for (const auto& rule : rules.rules) {
      patterns_.push_back(std::make_unique<RE2>(rule.pattern, quiet()));
      if (!patterns_.back()->ok())
        throw rule_error("rules", patterns_.size() - 1,
                         "pattern is not valid RE2: " + patterns_.back()->error());
    }
  }
  ClassifiedName first_match(std::string_view name) const {
    for (std::size_t i = 0; i < patterns_.size(); ++i)
      if (RE2::PartialMatch(re2::StringPiece(name.data(), name.size()), *patterns_[i]))
        return {rules_.rules[i].span_class, rules_.rules[i].waits, static_cast<std::int16_t>(i)};
    return {SpanClass::OtherCompute, false, -1};
  }

 private:
  const RuleSet& rules_;
  std::vector<std::unique_ptr<RE2>> patterns_;
};

}  // namespace

const char* to_string(SpanClass c) {
  return kClassNames.at(static_cast<std::size_t>(c));
}

Role role_of(SpanClass c) {
  switch (c) {
    case SpanClass::Dispatch:
    case SpanClass::Combine:
    case SpanClass::Communication:
      return Role::Communication;
    case SpanClass::FusedMoe:
      return Role::Fused;
    case SpanClass::Memory:
      return Role::Memory;
    case SpanClass::Host:
      return Role::None;
    default:
      return Role::Compute;
  }
}

const RuleSet& RuleSet::built_in() {
  using enum SpanClass;
  static const RuleSet rules{{
      {Dispatch, R"(^dispatch wait$)", true, "MoEscope runtime: waits for tokens of other ranks"},
      {Combine, R"(^combine wait$)", true, "MoEscope runtime: waits for outputs of other ranks"},
      {Dispatch, R"(^dispatch(?: forward)?$)", false, "MoEscope runtime"},
      {Combine, R"(^combine(?: reduce)?$)", false, "MoEscope runtime"},
      {Communication, R"(^attention (?:all-gather|reduce-scatter) wait$)", true,
       "MoEscope runtime: waits for ranks that share the attention"},
      {Communication, R"(^attention (?:all-gather|reduce-scatter)$)", false,
       "MoEscope runtime: sequence-parallel attention"},
      {Communication, R"(^kv hand-over$)", false, "MoEscope runtime: KV cache to a decode rank"},
      {Communication, R"(^plan copy$)", false, "MoEscope runtime: expert weights to a spare place"},
      {Dispatch, R"(^dispatch plan$)", true,
       "MoEscope runtime: gathers counts, chooses active replicas"},
      {Gate, R"(^gate$)", false, "MoEscope runtime"},
      {Expert, R"(^experts$)", false, "MoEscope runtime"},
      {Dense, R"(^(?:dense mlp|lm_head)$)", false, "MoEscope runtime"},
      {OtherCompute,
       R"((?i)mega_?moe\w*(?:pre_?dispatch|prepare|stag|quant|transform|reduce|clean)|(?:pre_?dispatch|prepare|stag|quant|transform)\w*mega_?moe)",
       false, "helpers of Mega MoE, launches of their own"},
      {FusedMoe, R"((?i)mega_?moe)", false,
       "Mega MoE of DeepGEMM (sm90_, sm100_..._mega_moe_impl) and FlashInfer: dispatch, experts "
       "and "
       "combine in one launch"},
      {FusedMoe, R"((?i)flash_?d?moe::(?:\w+::)*forward|flash_?dmoe|flash_?comm)", false,
       "FlashMoE, FlashDMoE, FlashComm: communication inside the kernel"},
      {FusedMoe,
       R"((?i)dispatch_\w*(?:gemm|gmm|ffn|mlp)|dispatch(?:gemm|gmm|ffn)\w*combine|(?:gemm|gmm|ffn|mlp)_combine|fused_?deep_?moe|fused_?dispatch\w*combine)",
       false,
       "Triton-distributed (mega_kernel_dispatch_token_moe_grouped_gemm), vllm-ascend "
       "(dispatch_ffn_combine)"},
      {Combine, R"((?:dpsk::ep|deep_?ep)::(?:\w+::)*cached_notify)", true,
       "DeepEP: waits for all ranks before combine"},
      {Dispatch, R"((?:dpsk::ep|deep_?ep|hybrid_ep)::(?:\w+::)*\w*notify_dispatch)", true,
       "DeepEP: exchanges counts and waits"},
      {Communication,
       R"((?:dpsk::ep|deep_?ep|hybrid_ep)::(?:\w+::)*\w*(?:notify|barrier|clean_low_latency))",
       true, "DeepEP: barriers and buffer clean-up"},
      {Communication, R"((?:dpsk::ep|deep_?ep|hybrid_ep)::(?:\w+::)*get_dispatch_layout)", false,
       "DeepEP: counts tokens per rank"},
      {Dispatch, R"((?:dpsk::ep|deep_?ep|hybrid_ep)::(?:\w+::)*\w*dispatch)", false,
       "DeepEP dispatch, V1, V2 and low latency"},
      {Combine, R"((?:dpsk::ep|deep_?ep|hybrid_ep)::(?:\w+::)*\w*combine)", false,
       "DeepEP combine, V1, V2 and low latency"},
      {Communication, R"(dpsk::ep::|deep_?ep::|hybrid_ep::)", false, "any other DeepEP kernel"},
      {Communication, R"(^nccl|ncclKernel|ncclDevKernel)", false,
       "NCCL collectives and send/receive"},
      {Communication, R"(^rccl|rcclGenericKernel|mscclKernel)", false,
       "RCCL and MSCCL collectives"},
      {Communication, R"(nvshmemx?_|nvshmemi_|nvshmem::)", false, "NVSHMEM device kernels"},
      {Communication,
       R"(cross_device_reduce|(?i:one_?shot_?all_?reduce|two_?shot_?all_?reduce|all_?reduce_fusion|quick_?reduce|custom_?all_?reduce))",
       false, "custom all-reduce of vLLM, SGLang and TensorRT-LLM"},
      {Communication, R"((?i)multimem_|symm_mem|all_?to_?all|reduce_scatter|all_?gather)", false,
       "multimem and symmetric-memory collectives"},
      {SharedExpert, R"((?i)shared_?expert)", false, "kernels that name the shared expert"},
      {Attention,
       R"((?i)flash_?(?:attn|mla|fwd|bwd|infer.*(?:prefill|decode|mla))|\bflash::|fmha|paged_?attention|attention|mla_(?:decode|prefill|fwd|bwd)|batch(?:prefill|decode)with)",
       false, "FlashAttention, FlashMLA, FlashInfer, fused attention"},
      {Gate, R"((?i)top_?k|moe_fused_gate|\bgate_kernel|gating|moe_?routing|router)", false,
       "gate and top-k"},
      {Expert,
       R"((?i)[mk]_grouped|grouped.*(?:masked|contiguous)|deep_gemm.*GemmType\)?[12]|fused_moe|moe_?gemm|group_?gemm_|GroupProblemShape|moe_align|count_expert)",
       false, "grouped GEMMs and helpers of routed experts"},
      {Expert, R"(deep_gemm::.*[Gg]rouped)", false, "DeepGEMM grouped"},
      {Dense, R"((?i)gemm|nvjet|cutlass::device_kernel|cublas|xmma|gemv|splitKreduce)", false,
       "GEMMs outside experts"},
  }};
  return rules;
}

RuleSet RuleSet::from_json(std::string_view text, const std::string& source) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) throw Error(source, "", "is not valid JSON");
  if (!json.is_object() || !json.contains("schema") || json["schema"] != 1)
    throw Error(source, "", "expected an object with \"schema\": 1");
  if (!json.contains("rules") || !json["rules"].is_array())
    throw Error(source, "", "expected a list in \"rules\"");
  if (json["rules"].size() > kMaxRules) throw Error(source, "", "more than 1000 rules");
  RuleSet set;
  for (std::size_t i = 0; i < json["rules"].size(); ++i)
    set.rules.push_back(parse_rule(json["rules"][i], source, i));
  return set;
}

std::string RuleSet::to_json() const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& rule : rules)
    list.push_back({{"class", to_string(rule.span_class)},
                    {"pattern", rule.pattern},
                    {"waits", rule.waits},
                    {"comment", rule.comment}});
  return nlohmann::ordered_json{{"schema", 1}, {"rules", list}}.dump(2) + "\n";
}

Classification::Classification(const Trace& trace, RuleSet rules, const Progress& progress)
    : rules_(std::move(rules)) {
  constexpr std::size_t kNamesAtATime = 1024;
  const Matcher matcher(rules_);
  const auto& strings = trace.strings();
  strings.load_all();
  kernels_.resize(strings.size());
  parallel_for((kernels_.size() + kNamesAtATime - 1) / kNamesAtATime, [&](std::size_t block) {
    progress.check();
    const std::size_t end = std::min((block + 1) * kNamesAtATime, kernels_.size());
    for (std::size_t id = block * kNamesAtATime; id < end; ++id)
      kernels_[id] = matcher.first_match(strings[static_cast<StringId>(id)]);
  });
}

ClassifiedName Classification::of(SpanKind kind, StringId name) const {
  if (kind == SpanKind::Memcpy || kind == SpanKind::Memset) return {SpanClass::Memory, false, -1};
  if (kind != SpanKind::Kernel || name >= kernels_.size()) return {};
  return kernels_[name];
}

}  // namespace moescope
