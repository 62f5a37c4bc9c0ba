#include "views/compare/paired_lanes.h"

#include <QHBoxLayout>
#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <set>

#include "views/common/units.h"

namespace moescope {
namespace {

constexpr double kNsPerMs = 1e6;
constexpr std::size_t kMostChoices = 2000;

/// How the first row of a comparison is named that stands for a step or a layer.
Difference row_of(const char* scope, const QString& key) {
  Difference row;
  row.scope = scope;
  row.key = key.toStdString();
  return row;
}

/// Keys of the steps in `part`, in order of time.
QStringList steps_in(const ComparedPart& part) {
  QStringList keys;
  for (const TraceStep& step : part.whole->steps.steps)
    if (step.range.begin >= part.window.begin && step.range.end <= part.window.end)
      keys << QString::fromStdString(step_key(step));
  return keys;
}

QStringList common(const QStringList& a, const QStringList& b) {
  const std::set<QString> in_b(b.begin(), b.end());
  QStringList both;
  for (const QString& key : a)
    if (in_b.contains(key)) both << key;
  return both;
}

QStringList layers_of(const ComparedPart& part) {
  QStringList names;
  for (const auto& [name, layer] : part.whole->layers) names << QString::fromStdString(name);
  std::sort(names.begin(), names.end(), [](const QString& x, const QString& y) {
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  return names;
}

QString row_words(const Difference& row) {
  const QString key = QString::fromStdString(row.key), label = QString::fromStdString(row.label);
  if (row.scope == "step" && key.contains(QLatin1Char(' ')))
    return PairedLanes::tr("%1 step %2").arg(key.section(' ', 0, -2), key.section(' ', -1));
  if (row.scope == "step") return PairedLanes::tr("step %1").arg(key);
  if (row.scope == "layer") return PairedLanes::tr("layer %1").arg(key);
  if (row.scope == "phase") return PairedLanes::tr("the first %1 step").arg(key);
  return PairedLanes::tr("the first %1").arg(label);
}

}  // namespace

PairedLanes::PairedLanes(Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      workspace_(workspace),
      link_(workspace.selection(), other_selection_),
      panes_(new QSplitter(Qt::Vertical, this)),
      grip_(new AlignGrip(this)) {
  setObjectName("pairedLanes");
  panes_->setHandleWidth(2);
  panes_->setChildrenCollapsible(false);
  panes_->addWidget(grip_);
  auto* lines = new QVBoxLayout(this);
  lines->setContentsMargins(0, 0, 0, 0);
  lines->setSpacing(2);
  lines->addWidget(makeControls());
  lines->addWidget(panes_, 1);
  connect(grip_, &AlignGrip::dragged, this, &PairedLanes::shift);
  connect(at_, &QComboBox::activated, this, &PairedLanes::chooseAt);
  connect(place_, &QComboBox::activated, this, [this] { choosePlace(true); });
  connect(later_, &QDoubleSpinBox::valueChanged, this, [this](double ms) {
    at_->setCurrentIndex(static_cast<int>(At::Hand));
    setOffset(-static_cast<TimeNs>(std::llround(ms * kNsPerMs)));
  });
  connect(&job_, &JobRunner::failed, words_, &QLabel::setText);
}

/// The panes look at members.
PairedLanes::~PairedLanes() {
  clear();
}

void PairedLanes::clear() {
  job_.abandon();
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

QWidget* PairedLanes::makeControls() {
  auto* controls = new QWidget(this);
  at_ = new QComboBox(controls);
  at_->setObjectName("lanesAlignedAt");
  at_->setAccessibleName(tr("What of A lies above what of B"));
  at_->setToolTip(tr("What of A is laid above what of B"));
  at_->addItem(tr("Aligned at step"));
  at_->addItem(tr("Aligned at layer"));
  at_->addItem(tr("Aligned by hand"));
  place_ = new QComboBox(controls);
  place_->setObjectName("lanesPlace");
  place_->setAccessibleName(tr("Step or layer at which both are aligned"));
  place_->setToolTip(tr("Begins at the same pixel in A and in B"));
  place_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  place_->setMinimumContentsLength(8);
  later_ = new QDoubleSpinBox(controls);
  later_->setObjectName("lanesOffset");
  later_->setAccessibleName(tr("By how much B is later than A"));
  later_->setToolTip(
      tr("Time in B minus the time in A that lies above it; type it to align by hand"));
  later_->setDecimals(6);
  later_->setRange(-1e9, 1e9);
  later_->setPrefix(tr("B later by "));
  later_->setSuffix(tr(" ms"));
  later_->setKeyboardTracking(false);
  later_->setStepType(QAbstractSpinBox::AdaptiveDecimalStepType);
  words_ = new QLabel(controls);
  words_->setObjectName("lanesWords");
  words_->setWordWrap(true);
  auto* line = new QHBoxLayout;
  line->setContentsMargins(0, 0, 0, 0);
  for (QWidget* widget : std::initializer_list<QWidget*>{at_, place_, later_})
    line->addWidget(widget);
  line->addStretch(1);
  auto* lines = new QVBoxLayout(controls);
  lines->setContentsMargins(4, 0, 4, 0);
  lines->setSpacing(2);
  lines->addLayout(line);
  lines->addWidget(words_);
  return controls;
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
  at_->setCurrentIndex(static_cast<int>(At::Step));
  fillChoices();
  if (place_->count() > 0) {
    choosePlace(false);
  } else {
    at_->setCurrentIndex(static_cast<int>(At::Hand));
    fillChoices();
    const auto what = [](const ComparedPart& part) { return RowPlace{part.window, {}}; };
    const bool parts = result.a.whole == result.b.whole;
    showPlaces({what(result.a), what(result.b)}, tr("the begin"), parts);
  }
}

/// What both have of steps or layers.
void PairedLanes::fillChoices() {
  const auto at = static_cast<At>(at_->currentIndex());
  QStringList keys;
  if (at == At::Step) keys = common(steps_in(result_.a), steps_in(result_.b));
  if (at == At::Layer) keys = common(layers_of(result_.a), layers_of(result_.b));
  place_->clear();
  place_->addItems(keys.mid(0, static_cast<qsizetype>(kMostChoices)));
  place_->setVisible(at != At::Hand);
  place_->setEnabled(!keys.isEmpty());
}

void PairedLanes::chooseAt() {
  if (!result_.comparison) return;
  fillChoices();
  if (place_->count() > 0)
    choosePlace(true);
  else
    showWords(static_cast<At>(at_->currentIndex()) == At::Hand
                  ? QString()
                  : tr("A and B have none of these in common"));
}

void PairedLanes::choosePlace(bool zoom) {
  const bool layer = static_cast<At>(at_->currentIndex()) == At::Layer;
  alignAt(row_of(layer ? "layer" : "step", place_->currentText()), zoom);
}

void PairedLanes::alignAt(const Difference& row, bool zoom) {
  if (!result_.comparison) return;
  const QString key = QString::fromStdString(row.key);
  if (row.scope == "step" || row.scope == "layer") {
    at_->setCurrentIndex(static_cast<int>(row.scope == "step" ? At::Step : At::Layer));
    fillChoices();
    place_->setCurrentText(key);
  } else {
    at_->setCurrentIndex(static_cast<int>(At::Hand));
    place_->hide();
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
      [this, words = row_words(row), zoom](const Places& places) {
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
  if (open && open->span.valid()) {
    workspace_.selection().selectSpan(open->span);
    open_->reveal(open->span);
  }
  if (other && other->span.valid()) {
    other_selection_.selectSpan(other->span);
    other_->reveal(other->span);
  }
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
  const QSignalBlocker quiet(later_);
  later_->setValue(static_cast<double>(later) / kNsPerMs);
  QString text =
      what.isEmpty()
          ? tr("%1 of A lies above %2 of B").arg(format_time(anchor_a_), format_time(anchor_b_))
          : what;
  text[0] = text[0].toUpper();
  const QString shift = later == 0  ? tr("at the same time")
                        : later > 0 ? tr("%1 later").arg(format_time(later))
                                    : tr("%1 earlier").arg(format_time(-later));
  words_->setText(QStringLiteral("%1, %2.").arg(text, shift));
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
  at_->setCurrentIndex(static_cast<int>(At::Hand));
  place_->hide();
  const double ns = pixels * open_->scene().axis().nsPerPixel();
  setOffset(offset() - static_cast<TimeNs>(std::llround(ns)));
}

}  // namespace moescope
