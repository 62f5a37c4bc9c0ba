// Classification: which class a GPU span belongs to, by an ordered list of rules the user can edit.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// What a span is for. One colour each, everywhere (views/common/theme.h).
enum class SpanClass : std::uint8_t {
  Attention,
  Dense,  ///< GEMM outside experts
  Gate,
  Dispatch,
  Combine,
  Communication,  ///< other communication: all-reduce, send/receive, layout
  Expert,
  SharedExpert,
  FusedMoe,  ///< dispatch, experts and combine, or two of them, in one launch
  Memory,    ///< copies and fills
  OtherCompute,
  Host,  ///< not GPU work: calls, operators, annotations
};
inline constexpr int kSpanClassCount = static_cast<int>(SpanClass::Host) + 1;
/// Stable word used in rule files, JSON and CSV: "attention", "dense", "shared_expert", ...
const char* to_string(SpanClass c);

/// Part a class plays in overlap figures. Fused kernels communicate and compute, and when they do
/// which cannot be observed.
enum class Role : std::uint8_t { Compute, Communication, Fused, Memory, None };
Role role_of(SpanClass c);

/// One rule: kernels whose name matches `pattern` (RE2 syntax, searched, case-sensitive
/// unless it starts with "(?i)") are of class `span_class`.
struct Rule {
  SpanClass span_class = SpanClass::OtherCompute;
  std::string pattern;
  bool waits = false;   ///< communication kernel that only waits (notify, barrier)
  std::string comment;  ///< shown beside the rule
};

/// Ordered; the first rule that matches counts. Copies and fills are always Memory; a kernel that
/// no rule matches is OtherCompute.
struct RuleSet {
  std::vector<Rule> rules;
  /// The built-in rules: NCCL, RCCL, DeepEP (V1, V2), NVSHMEM, custom and multimem all-reduce,
  /// FlashAttention, FlashMLA, GEMMs, grouped GEMMs, fused MoE kernels, gate and top-k.
  static const RuleSet& built_in();
  /// Reads rules from JSON text `{"schema":1,"rules":[{"class":"dispatch","pattern":"...",
  /// "waits":false,"comment":""}]}`. Throws Error naming the rule that is wrong; `source` is the
  /// file for the message.
  static RuleSet from_json(std::string_view text, const std::string& source);
  std::string to_json() const;
};

/// Result for one (kind, name).
struct ClassifiedName {
  SpanClass span_class = SpanClass::Host;
  bool waits = false;
  std::int16_t rule = -1;  ///< index into RuleSet::rules, -1 when none matched
};

/// Class of every span of a trace by its kind and name. Cheap to query per span.
class Classification {
 public:
  Classification() = default;
  /// Matches every name of `trace` once against the rules, on all cores. Throws Cancelled, Error
  /// (a rule is wrong, the names of a file cannot be read).
  Classification(const Trace& trace, RuleSet rules, const Progress& progress = no_progress());

  /// Names that a live trace added later are Host until the trace is classified again.
  ClassifiedName of(SpanKind kind, StringId name) const;
  Role role(SpanKind kind, StringId name) const { return role_of(of(kind, name).span_class); }
  const RuleSet& rules() const { return rules_; }

 private:
  RuleSet rules_;
  std::vector<ClassifiedName> kernels_;  ///< by StringId
};

using ClassificationPtr = std::shared_ptr<const Classification>;

}  // namespace moescope
