#include "core/analysis/results.h"

#include <mutex>
#include <optional>
#include <string>

#include "core/analysis/overlap/growing_overlap.h"
#include "core/analysis/sm/growing_sm_allocation.h"
#include "core/analysis/spans/new_spans.h"

namespace moescope {
namespace {

/// Which classes occur: every pair of kind and name is looked up once.
class UsedClasses {
 public:
  /// Reads what was not read yet and writes the classes of the whole trace into `results`.
  void update(const Trace& trace, AnalysisResults& results, const Progress& progress) {
    read_.resize(trace.tracks().size());
    seen_.resize(trace.strings().size());
    for (TrackId track = 0; track < read_.size(); ++track) {
      progress.check();
      if (trace.tracks()[track].type == TrackType::DeviceStream)
        read_stream(trace, track, *results.classes);
      else if (trace.span_count(track) > 0)
        use(SpanClass::Host);
    }
    results.used = used_;
    results.waits = waits_;
  }

 private:
  void read_stream(const Trace& trace, TrackId track, const Classification& classes) {
    read_[track] =
        visit_new_spans(trace, track, read_[track], [&](const SpanColumns& c, std::size_t row) {
          if (c.kind[row] == SpanKind::Memcpy || c.kind[row] == SpanKind::Memset)
            use(SpanClass::Memory);
          if (c.kind[row] != SpanKind::Kernel || c.name[row] >= seen_.size() || seen_[c.name[row]])
            return;
          seen_[c.name[row]] = true;
          const ClassifiedName named = classes.of(c.kind[row], c.name[row]);
          use(named.span_class);
          waits_ |= named.waits;
        });
  }
  void use(SpanClass c) { used_[static_cast<std::size_t>(c)] = true; }

  std::vector<std::uint64_t> read_;  ///< spans, by track
  std::vector<bool> seen_;           ///< names
  std::array<bool, kSpanClassCount> used_{};
  bool waits_ = false;
};

void take(OverlapResults&& overlap, AnalysisResults& results) {
  results.activity = std::move(overlap.activity);
  results.overlap = std::move(overlap.overlap);
  results.scopes = std::move(overlap.scopes);
}

}  // namespace

AnalysisPtr analyze_document(const Trace& trace, const RuleSet& rules, Progress& progress) {
  auto results = std::make_shared<AnalysisResults>();
  progress.report(0, "classifying");
  results->classes = std::make_shared<const Classification>(trace, rules, progress);
  take(analyze_overlap_and_scopes(trace, *results->classes, {}, progress), *results);
  results->sm = analyze_sm_allocation(trace, *results->classes, {}, progress);
  UsedClasses().update(trace, *results, progress);
  return results;
}

struct GrowingAnalysis::State {
  std::mutex mutex;  ///< guards all below

  /// Of one generation and one rule set.
  struct Run {
    std::uint64_t generation = 0;
    std::string rules;
    std::size_t names = 0;
    ClassificationPtr classes;
    GrowingOverlap overlap;
    GrowingSmAllocation sm;
    UsedClasses used;
  };
  std::unique_ptr<Run> run;
};

GrowingAnalysis::GrowingAnalysis() : state_(std::make_unique<State>()) {}
GrowingAnalysis::~GrowingAnalysis() = default;

AnalysisPtr GrowingAnalysis::update(const Trace& trace, std::uint64_t generation,
                                    const RuleSet& rules, Progress& progress) {
  std::lock_guard lock(state_->mutex);
  std::unique_ptr<State::Run> run = std::move(state_->run);  // gone when this is cancelled
  const std::string text = rules.to_json();
  if (!run || run->generation != generation || run->rules != text) {
    run = std::make_unique<State::Run>();
    run->generation = generation;
    run->rules = text;
  }
  progress.report(0, "classifying");
  if (const std::size_t names = trace.strings().size(); !run->classes || names != run->names) {
    run->names = names;
    run->classes = std::make_shared<const Classification>(trace, rules, progress);
  }
  auto results = std::make_shared<AnalysisResults>();
  results->classes = run->classes;
  take(run->overlap.update(trace, *run->classes, progress), *results);
  results->sm = run->sm.update(trace, *run->classes, progress);
  run->used.update(trace, *results, progress);
  state_->run = std::move(run);
  return results;
}

}  // namespace moescope
