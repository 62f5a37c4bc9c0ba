#include "views/compare/paired_lanes.h"

#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "views/common/units.h"
#include "views/compare/align_places.h"

namespace moescope {

PairedLanes::PairedLanes(Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      workspace_(workspace),
      link_(workspace.selection(), other_selection_),
      panes_(new QSplitter(Qt::Vertical, this)),
      grip_(new AlignGrip(this)),
      controls_(new AlignControls(this)) {
  setObjectName("pairedLanes");
  panes_->setHandleWidth(2);
  panes_->setChildrenCollapsible(false);
  panes_->addWidget(grip_);
  auto* lines = new QVBoxLayout(this);
  lines->setContentsMargins(0, 0, 0, 0);
  lines->setSpacing(2);
  lines->addWidget(controls_);
  lines->addWidget(panes_, 1);
  connect(grip_, &AlignGrip::dragged, this, &PairedLanes::shift);
  connect(controls_, &AlignControls::atChosen, this, &PairedLanes::chooseAt);
  connect(controls_, &AlignControls::placeChosen, this, [this] { choosePlace(true); });
  connect(controls_, &AlignControls::laterTyped, this, [this](TimeNs later) {
    controls_->setAt(At::Hand);
    setOffset(-later);
  });
  connect(&other_selection_, &Selection::selectionChanged, this, &PairedLanes::tellOtherSpan);
  connect(&job_, &JobRunner::failed, controls_, &AlignControls::setWords);
}

/// The panes look at members.
PairedLanes::~PairedLanes() {
  clear();
}

void PairedLanes::clear() {
  job_.abandon();
  link_.stop();
  delete other_;
  delete open_;
  other_ = open_ = nullptr;
  result_ = {};
  other_document_.setTrace(nullptr, {});
}

void PairedLanes::makePanes() {
  if (open_ != nullptr) return;
  other_ = new LanePane(other_document_, other_selection_, tr("Lanes of the other side"), panes_);
  open_ = new LanePane(workspace_.trace(), workspace_.selection(), tr("Lanes of the open trace"),
                       panes_);
}

void PairedLanes::show(const CompareResult& result, bool swapped) {
  const bool same = result_.a.whole && result_.a.whole->trace == result.a.whole->trace &&
                    result_.b.whole->trace == result.b.whole->trace &&
                    result_.a.window == result.a.window && result_.b.window == result.b.window &&
                    swapped_ == swapped;
  result_ = result;
  swapped_ = swapped;
  const CompareSide& other = swapped ? *result.b.whole : *result.a.whole;
  if (other_document_.trace() != other.trace) {
    link_.reset(other.trace->range());
    other_document_.setTrace(other.trace, {});
  }
  if (other_document_.analysis() != other.analysis) other_document_.setAnalysis(other.analysis);
  makePanes();
  panes_->insertWidget(0, &upper());
  panes_->insertWidget(2, &lower());
  for (const int pane : {0, 2}) panes_->setStretchFactor(pane, 1);
  upper().setUpper(true);
  lower().setUpper(false);
  grip_->setNames(tr("A: %1").arg(result.a.name), tr("B: %1").arg(result.b.name));
  if (same) return;
  controls_->setAt(At::Step);
  fillChoices();
  if (controls_->hasPlaces()) {
    choosePlace(false);
  } else {
    controls_->setAt(At::Hand);
    fillChoices();
    const auto what = [](const ComparedPart& part) { return RowPlace{part.window, {}}; };
    const bool parts = result.a.whole == result.b.whole;
    showPlaces({what(result.a), what(result.b)}, tr("the begin"), parts);
  }
}

/// What both have of steps or layers.
void PairedLanes::fillChoices() {
  QStringList keys;
  if (controls_->at() == At::Step) keys = common_steps(result_.a, result_.b);
  if (controls_->at() == At::Layer) keys = common_layers(result_.a, result_.b);
  controls_->setPlaces(keys);
}

void PairedLanes::chooseAt() {
  if (!result_.comparison) return;
  fillChoices();
  if (controls_->hasPlaces())
    choosePlace(true);
  else
    showWords(controls_->at() == At::Hand ? QString() : tr("A and B have none of these in common"));
}

void PairedLanes::choosePlace(bool zoom) {
  const bool layer = controls_->at() == At::Layer;
  alignAt(place_row(layer ? "layer" : "step", controls_->place()), zoom);
}

void PairedLanes::alignAt(const Difference& row, bool zoom) {
  if (!result_.comparison) return;
  if (row.scope == "step" || row.scope == "layer") {
    controls_->setAt(row.scope == "step" ? At::Step : At::Layer);
    fillChoices();
    controls_->setPlace(QString::fromStdString(row.key));
  } else {
    controls_->setAt(At::Hand);
    fillChoices();
  }
  // Of two parts of one trace each row is looked for in its part, else in the step that is aligned.
  const auto near = [&](const ComparedPart& part, TimeNs anchor) {
    if (result_.a.whole == result_.b.whole) return part.window;
    for (const TraceStep& step : part.whole->steps.steps)
      if (anchor >= step.range.begin && anchor < step.range.end) return step.range;
    return part.window;
  };
  job_.start(
      tr("Going to a row of the comparison"),
      [a = result_.a.whole, b = result_.b.whole, row, in_a = near(result_.a, anchor_a_),
       in_b = near(result_.b, anchor_b_)](Progress& progress) {
        return Places{place_of_row(*a, row, in_a, progress), place_of_row(*b, row, in_b, progress)};
      },
      [this, words = place_words(row), zoom](const Places& places) {
        showPlaces(places, words, zoom);
      });
}

void PairedLanes::showPlaces(const Places& places, const QString& what, bool zoom) {
  const std::optional<RowPlace>& open = swapped_ ? places.a : places.b;
  const std::optional<RowPlace>& other = swapped_ ? places.b : places.a;
  if (places.a && places.b)
    align(places.a->time.begin, places.b->time.begin, tr("%1 of A lies above %1 of B").arg(what));
  else if (places.a || places.b)
    showWords(tr("only %1 has %2").arg(places.a ? tr("A") : tr("B"), what));
  else
    return showWords(tr("%1 is not one piece of work").arg(what));
  if (zoom) zoomTo(places);
  if (other && other->span.valid()) {
    other_selection_.selectSpan(other->span);
    other_->reveal(other->span);
  }
  // Last: the inspector shows the span of the open trace where there is one.
  if (open && open->span.valid()) {
    workspace_.selection().selectSpan(open->span);
    open_->reveal(open->span);
  }
}

/// The inspector explains what was chosen in the lanes of the other side.
void PairedLanes::tellOtherSpan() {
  const OtherSpan& told = workspace_.compare().otherSpan();
  const SpanRef span = other_selection_.currentSpan();
  if (!result_.comparison || (!span.valid() && !told.ref.valid())) return;
  if (span == told.ref && told.trace == other_document_.trace()) return;
  const QString side = swapped_ ? tr("B: %1").arg(result_.b.name) : tr("A: %1").arg(result_.a.name);
  workspace_.compare().setOtherSpan(
      {other_document_.trace(), other_document_.analysis(), span, side});
}

/// Shows both, with as much around a span that it can be found.
void PairedLanes::zoomTo(const Places& places) {
  const std::optional<RowPlace>& open = swapped_ ? places.a : places.b;
  const std::optional<RowPlace>& other = swapped_ ? places.b : places.a;
  TimeRange range =
      open ? open->time
           : TimeRange{other->time.begin - link_.offset(), other->time.end - link_.offset()};
  if (open && other) range.end = std::max(range.end, range.begin + other->time.length());
  const bool span = (open ? open : other)->span.valid();
  const TimeNs margin = span ? 3 * range.length() : range.length() / 20;
  workspace_.selection().setRange({range.begin - margin, range.end + margin});
}

void PairedLanes::align(TimeNs a, TimeNs b, const QString& what) {
  anchor_a_ = a;
  anchor_b_ = b;
  upper().canvas().setOrigin(anchor_a_);
  lower().canvas().setOrigin(anchor_b_);
  link_.setOffset(otherAnchor() - openAnchor());
  showWords(what);
}

void PairedLanes::showWords(const QString& what) {
  const TimeNs later = anchor_b_ - anchor_a_;
  controls_->showLater(later);
  QString text =
      what.isEmpty()
          ? tr("%1 of A lies above %2 of B").arg(format_time(anchor_a_), format_time(anchor_b_))
          : what;
  text[0] = text[0].toUpper();
  const QString shift = later == 0  ? tr("at the same time")
                        : later > 0 ? tr("%1 later").arg(format_time(later))
                                    : tr("%1 earlier").arg(format_time(-later));
  controls_->setWords(QStringLiteral("%1, %2.").arg(text, shift));
}

TimeNs PairedLanes::offset() const {
  return anchor_a_ - anchor_b_;
}

void PairedLanes::setOffset(TimeNs offset) {
  if (!result_.comparison || offset == anchor_a_ - anchor_b_) return;
  align(anchor_b_ + offset, anchor_b_, {});
}

/// The lanes of A go with the pointer.
void PairedLanes::shift(double pixels) {
  if (!result_.comparison) return;
  controls_->setAt(At::Hand);
  fillChoices();
  const double ns = pixels * open_->scene().axis().nsPerPixel();
  setOffset(offset() - static_cast<TimeNs>(std::llround(ns)));
}

}  // namespace moescope
