#include "views/workspace/place_link.h"

#include <QScopedValueRollback>
#include <charconv>
#include <limits>

#include "core/loads/expert_facts.h"

namespace moescope {
namespace {

/// The number that a name of a layer or micro-batch is.
std::optional<int> number_in(const std::string& name) {
  int value = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), value);
  return read.ec == std::errc() && read.ptr == name.data() + name.size() ? std::optional(value)
                                                                         : std::nullopt;
}

}  // namespace

PlaceLink::PlaceLink(TraceDocument& trace, LoadDocument& loads, Selection& selection,
                     QObject* parent)
    : QObject(parent), trace_(trace), loads_(loads), selection_(selection) {
  const auto forget = [this] {
    steps_job_.abandon();
    place_job_.abandon();
    flow_job_.abandon();
    selection_.setTokenFlow(nullptr);
    steps_.reset();
    followed_ = {};
  };
  connect(&trace_, &TraceDocument::traceChanged, this, forget);
  connect(&trace_, &TraceDocument::analysisChanged, this, [this, forget] {
    if (trace_.growing() && steps_) return;  // a recording is analysed again and again
    forget();
    follow();
  });
  connect(&selection_, &Selection::selectionChanged, this, [this] {
    if (selection_.currentSpan() != followed_) follow();
  });
}

const std::shared_ptr<const TraceSteps>& PlaceLink::steps() {
  if (!steps_ && !steps_job_.running()) findSteps();
  return steps_;
}

void PlaceLink::findSteps() {
  const AnalysisPtr analysis = trace_.analysis();
  if (!trace_.trace() || !analysis) return;
  steps_of_ = analysis;
  steps_job_.start(
      tr("Finding steps"),
      [trace = trace_.trace(), analysis](Progress& progress) {
        return std::make_shared<const TraceSteps>(
            find_steps(*trace, analysis->activity, analysis->scopes, progress));
      },
      [this](std::shared_ptr<const TraceSteps> steps) {
        steps_ = std::move(steps);
        Q_EMIT stepsFound();
        follow();
      });
}

void PlaceLink::follow() {
  place_job_.abandon();
  flow_job_.abandon();
  followed_ = selection_.currentSpan();
  const AnalysisPtr analysis = trace_.analysis();
  if (!trace_.trace() || !analysis || !followed_.valid()) return;
  place_job_.start(
      tr("Finding the place of a span"),
      [trace = trace_.trace(), analysis, steps = steps(), span = followed_](Progress&) {
        return place_of_span(*trace, analysis->scopes, steps.get(), span);
      },
      [this](const SpanPlace& place) { show(place); });
  followTokens();
}

/// Once the steps are found: follow() comes again then.
void PlaceLink::followTokens() {
  if (!steps_ || !trace_.analysis()->classes) return;
  flow_job_.start(
      tr("Following tokens"),
      [trace = trace_.trace(), analysis = trace_.analysis(), steps = steps_,
       span = followed_](Progress& progress) -> std::shared_ptr<const TokenFlow> {
        auto flow =
            token_flow(*trace, *analysis->classes, analysis->scopes, steps.get(), span, progress);
        return flow ? std::make_shared<const TokenFlow>(std::move(*flow)) : nullptr;
      },
      [this, span = followed_](std::shared_ptr<const TokenFlow> flow) {
        // Of a recording the steps were found some time ago.
        if (flow && flow->gap == FlowGap::OutsideStep && steps_of_ != trace_.analysis())
          return findSteps();
        if (span == selection_.currentSpan()) selection_.setTokenFlow(std::move(flow));
      });
}

void PlaceLink::show(const SpanPlace& found) {
  ModelPlace place = selection_.place();
  if (const auto layer = number_in(found.layer)) {
    const auto row = loads_.loads()  ? row_of_layer(*loads_.loads(), *layer)
                     : loads_.plan() ? row_of_layer(*loads_.plan(), *layer)
                                     : std::nullopt;
    if (row && *row != place.layer) place.slot = -1;  // slots are of a layer
    if (row) place.layer = *row;
  }
  if (const auto half = number_in(found.micro_batch)) place.micro_batch = *half;
  if (found.step && *found.step <= std::numeric_limits<int>::max())
    place.step = static_cast<int>(*found.step);
  const QScopedValueRollback following(following_, true);
  selection_.setPlace(place);
}

}  // namespace moescope
