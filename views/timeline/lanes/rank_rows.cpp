#include "views/timeline/lanes/rank_rows.h"

namespace moescope {
namespace {

RankArrangement arrangement_of(const std::vector<RankFigures>& ranks, bool grouped) {
  const auto row = [&](std::size_t i) {
    return ArrangedRank{ranks[i].process, ranks[i].most_exposed.device};
  };
  RankArrangement result;
  if (grouped) {
    for (const auto& group : alike_ranks(ranks, RankRows::kAlikePercent)) {
      result.emplace_back();
      for (const std::size_t i : group) result.back().push_back(row(i));
    }
  } else {
    for (std::size_t i = 0; i < ranks.size(); ++i) result.push_back({row(i)});
  }
  return result;
}

}  // namespace

RankRows::RankRows(TimelineScene& scene, QObject* parent) : QObject(parent), scene_(scene) {
  connect(&scene_.document(), &TraceDocument::analysisChanged, this, &RankRows::arrangeNewTrace);
  connect(&scene_.document(), &TraceDocument::traceChanged, this, [this] { job_.abandon(); });
  connect(&job_, &JobRunner::failed, this, &RankRows::failed);
}

void RankRows::setOrder(RankOrder order) {
  order_ = order;
  arrange();
}

void RankRows::setGrouped(bool grouped) {
  grouped_ = grouped;
  arrange();
}

void RankRows::arrangeNewTrace() {
  const TraceDocument& document = scene_.document();
  if (document.analysis() && document.traceNumber() != arranged_) arrange();
}

void RankRows::arrange() {
  TraceDocument& document = scene_.document();
  const AnalysisPtr analysis = document.analysis();
  if (!analysis || !document.trace()) return;  // arrangeNewTrace() follows
  arranged_ = document.traceNumber();
  const auto area = scene_.selection().scopeArea();
  job_.start(
      tr("Ordering ranks"),
      [analysis, trace = document.trace(), order = order_, grouped = grouped_,
       window = area ? std::optional(area->range) : std::nullopt](Progress&) {
        auto ranks = rank_figures(*trace, analysis->activity, analysis->overlap, window);
        sort_ranks(ranks, order);
        return arrangement_of(ranks, grouped);
      },
      [this](RankArrangement arrangement) {
        scene_.rows().setArrangement(std::move(arrangement));
      });
}

}  // namespace moescope
