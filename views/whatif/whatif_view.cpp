#include "views/whatif/whatif_view.h"

#include <QDir>
#include <QHBoxLayout>
#include <QScrollArea>
#include <QVBoxLayout>
#include <array>

#include "core/analysis/steps/steps.h"
#include "core/error.h"
#include "core/simulate/model/unit.h"
#include "core/simulate/simulate.h"
#include "views/common/action.h"

namespace moescope {
namespace {

constexpr int kDelayMs = 40, kGrowingMs = 2000;
constexpr int kSideWidth = 270;     // px
constexpr int kScrollBar = 18;      // px
constexpr int kLowHeight = 420;     // px: below, the charts stand beside each other
constexpr qreal kBarsShare = 0.45;  // of a picture with a sweep
constexpr std::array kSweeps = {SweepOver::CommSms, SweepOver::Redundant, SweepOver::Gpus,
                                SweepOver::Batch};

}  // namespace

WhatIfView::WhatIfView(Workspace& workspace, QWidget* parent)
    : QWidget(parent), workspace_(workspace), base_(what_if_base(workspace)) {
  setObjectName("whatIfView");
  setAccessibleName(tr("What if"));
  settings_ = base_.settings;
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(0);
  row->addWidget(makeSide());
  charts_ = new QSplitter(Qt::Vertical, this);
  charts_->setObjectName("whatIfCharts");
  charts_->addWidget(makeBars());
  charts_->addWidget(makeSweep());
  charts_->setChildrenCollapsible(false);
  row->addWidget(charts_, 1);
  delay_.setSingleShot(true);
  connect(&delay_, &QTimer::timeout, this, &WhatIfView::refresh);
  addActions();
  connectDocuments();
  showForm();
  showPicture();
  showSweep(std::nullopt);
}

QWidget* WhatIfView::makeSide() {
  auto* area = new QScrollArea(this);
  area->setObjectName("whatIfSide");
  area->setFrameShape(QFrame::NoFrame);
  area->setWidgetResizable(true);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto* side = new QWidget(area);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(0, 0, 0, 4);
  column->setSpacing(2);
  form_ = new WhatIfForm(side);
  column->addWidget(form_);
  assumed_ = new QLabel(side);
  assumed_->setObjectName("whatIfAssumed");
  assumed_->setWordWrap(true);
  assumed_->setContentsMargins(8, 0, 8, 0);
  column->addWidget(assumed_);
  column->addStretch(1);
  area->setWidget(side);
  side_ = area;
  connect(form_, &WhatIfForm::changed, this, &WhatIfView::setSettings);
  return area;
}

namespace {

QToolButton* button_of(QAction* action, const QString& name, QWidget* parent) {
  auto* button = new QToolButton(parent);
  button->setObjectName(name);
  button->setToolButtonStyle(Qt::ToolButtonTextOnly);
  button->setDefaultAction(action);
  return button;
}

}  // namespace

QWidget* WhatIfView::makeBars() {
  reset_action_ = add_command(this, "whatif.reset", tr("Reset to what is open"),
                              tr("Take back all changes of the settings"));
  timeline_action_ =
      add_command(this, "whatif.timeline", tr("Open as timeline"),
                  tr("Simulate one step with these settings and show it beside the open trace"));
  auto* panel = new QWidget(this);
  auto* column = new QVBoxLayout(panel);
  column->setContentsMargins(0, 2, 0, 0);
  column->setSpacing(2);
  auto* line = new QHBoxLayout;
  line->setContentsMargins(8, 0, 8, 0);
  line->addWidget(button_of(reset_action_, "whatIfReset", panel));
  line->addWidget(button_of(timeline_action_, "whatIfTimeline", panel));
  line->addStretch(1);
  column->addLayout(line);
  problem_ = new QLabel(panel);
  problem_->setObjectName("whatIfProblem");
  problem_->setWordWrap(true);
  QFont bold = problem_->font();
  bold.setBold(true);
  problem_->setFont(bold);
  problem_->setContentsMargins(10, 0, 8, 0);
  problem_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  column->addWidget(problem_);
  bars_ = new StepBarsCanvas(panel);
  column->addWidget(bars_, 1);
  return panel;
}

QWidget* WhatIfView::makeSweep() {
  auto* panel = new QWidget(this);
  auto* column = new QVBoxLayout(panel);
  column->setContentsMargins(0, 2, 0, 0);
  column->setSpacing(2);
  auto* line = new QHBoxLayout;
  line->setContentsMargins(8, 0, 8, 0);
  over_ = new QComboBox(panel);
  over_->setObjectName("whatIfOver");
  over_->setAccessibleName(tr("Sweep over"));
  over_->setToolTip(tr("The setting that the step is predicted over, with all others as they are"));
  for (const SweepOver over : kSweeps) over_->addItem(sweep_name(over), static_cast<int>(over));
  over_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  line->addWidget(over_);
  sweep_action_ = add_command(this, "whatif.sweep", tr("Sweep"),
                              tr("Predict the step over a range of this setting"));
  sweep_ = button_of(sweep_action_, "whatIfStartSweep", panel);
  line->addWidget(sweep_);
  progress_ = new QProgressBar(panel);
  progress_->setObjectName("whatIfProgress");
  progress_->setAccessibleName(tr("Progress of the sweep"));
  progress_->setTextVisible(false);
  progress_->setRange(0, 1000);
  progress_->setMaximumHeight(fontMetrics().height());
  progress_->setMinimumWidth(60);
  line->addWidget(progress_, 1);
  cancel_ = new QToolButton(panel);
  cancel_->setObjectName("whatIfCancel");
  cancel_->setText(tr("Cancel"));
  cancel_->setToolTip(tr("Stop the sweep; what was shown before stays"));
  line->addWidget(cancel_);
  line->addStretch(1);
  column->addLayout(line);
  curve_ = new SweepCanvas(panel);
  column->addWidget(curve_, 1);
  reason_ = new QLabel(panel);
  reason_->setObjectName("whatIfReason");
  reason_->setWordWrap(true);
  reason_->setContentsMargins(10, 0, 8, 4);
  reason_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  column->addWidget(reason_);
  return panel;
}

void WhatIfView::addActions() {
  connect(reset_action_, &QAction::triggered, this, &WhatIfView::reset);
  connect(timeline_action_, &QAction::triggered, this, &WhatIfView::openAsTimeline);
  connect(sweep_action_, &QAction::triggered, this, &WhatIfView::startSweep);
  connect(cancel_, &QToolButton::clicked, &sweep_job_, &JobRunner::cancel);
  connect(over_, &QComboBox::currentIndexChanged, this, [this] {
    if (!curve_->picture().sweep) showSweep(std::nullopt);
  });
  connect(curve_, &SweepCanvas::valueChosen, this, &WhatIfView::takeSwept);
  const auto running = [this] {
    for (QWidget* widget : std::initializer_list<QWidget*>{progress_, cancel_})
      widget->setVisible(sweep_job_.running());
    sweep_action_->setEnabled(!sweep_job_.running());
  };
  connect(&sweep_job_, &JobRunner::started, this, running);
  connect(&sweep_job_, &JobRunner::finished, this, running);
  connect(&sweep_job_, &JobRunner::progressed, this, [this](double fraction, const QString&) {
    progress_->setValue(static_cast<int>(fraction * 1000));
  });
  connect(&sweep_job_, &JobRunner::failed, reason_, &QLabel::setText);
  connect(&sweep_job_, &JobRunner::cancelled, this,
          [this] { reason_->setText(tr("The sweep was cancelled.")); });
  connect(&timeline_job_, &JobRunner::failed, problem_, &QLabel::setText);
  connect(&measure_job_, &JobRunner::failed, this, [this](const QString& error) {
    measured_ = {.problem = error};
    showPicture();
  });
  running();
}

void WhatIfView::connectDocuments() {
  PlanDocument& plan = workspace_.plan();
  for (const auto signal :
       {&PlanDocument::committed, &PlanDocument::figuresChanged, &PlanDocument::replaced})
    connect(&plan, signal, this, &WhatIfView::baseChanged);
  connect(&plan.serving(), &ServingSetup::changed, this, &WhatIfView::baseChanged);
  connect(&workspace_.loads(), &LoadDocument::loadsChanged, this, &WhatIfView::baseChanged);
  connect(&workspace_.loads(), &LoadDocument::windowsChanged, this, &WhatIfView::baseChanged);
  connect(&workspace_.trace(), &TraceDocument::traceChanged, this, &WhatIfView::traceChanged);
  connect(&workspace_.trace(), &TraceDocument::analysisChanged, this, &WhatIfView::traceChanged);
}

bool WhatIfView::busy() const {
  return delay_.isActive() || job_.running() || measure_job_.running() || sweep_job_.running() ||
         timeline_job_.running();
}

void WhatIfView::baseChanged() {
  base_stale_ = true;
  later();
}

void WhatIfView::traceChanged() {
  measure_stale_ = true;
  later();
}

void WhatIfView::setSettings(const WhatIf& settings) {
  settings_ = settings;
  answer_.reset();
  stale_ = true;
  showForm();
  later();
}

void WhatIfView::reset() {
  setSettings(base_.settings);
}

/// Not restarted: while something is recorded, what is open changes all the time.
void WhatIfView::later() {
  stale_ = true;
  if (!isVisible() || delay_.isActive()) return;
  const bool growing = workspace_.loads().growing() || workspace_.trace().growing();
  delay_.start(growing && answer_ ? kGrowingMs : kDelayMs);
}

void WhatIfView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (stale_) later();
}

void WhatIfView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  const bool low = height() < kLowHeight;
  charts_->setOrientation(low ? Qt::Horizontal : Qt::Vertical);
}

/// Takes over what is open; what was not changed follows it.
void WhatIfView::refresh() {
  stale_ = false;
  if (base_stale_) {
    const WhatIf before = base_.settings;
    base_ = what_if_base(workspace_);
    base_answer_.reset();
    answer_.reset();
    for (const auto part : {&WhatIf::hardware, &WhatIf::model, &WhatIf::unit})
      if (settings_.*part == before.*part) settings_.*part = base_.settings.*part;
    if (settings_.rule == before.rule) settings_.rule = base_.settings.rule;
    base_stale_ = false;
    showForm();
  }
  if (measure_stale_ || measured_phase_ != to_string(load_unit(settings_.unit).phase)) measure();
  struct Answers {
    WhatIfAnswerPtr base, now;
  };
  job_.start(
      tr("Predicting the step"),
      [base = base_.settings, now = settings_, files = base_.files, plans = plans_,
       known = base_answer_](Progress& progress) {
        Answers answers;
        answers.base = known ? known : answer_what_if(base, files, *plans, progress);
        answers.now = now == base ? answers.base : answer_what_if(now, files, *plans, progress);
        return answers;
      },
      [this](const Answers& answers) {
        base_answer_ = answers.base;
        answer_ = answers.now;
        showPicture();
      });
}

void WhatIfView::measure() {
  const TracePtr trace = workspace_.trace().trace();
  const AnalysisPtr analysis = workspace_.trace().analysis();
  measured_phase_ = to_string(load_unit(settings_.unit).phase);
  if (!trace || !analysis) {
    measure_job_.abandon();
    measured_ = {};
    measure_stale_ = trace != nullptr;
    return;
  }
  measure_stale_ = false;
  measure_job_.start(
      tr("Dividing the measured step by cause"),
      [trace, analysis, phase = measured_phase_](Progress& progress) {
        WhatIfMeasured measured;
        const auto steps = find_steps(*trace, analysis->activity, analysis->scopes, progress);
        measured.step = measure_step(*trace, *analysis->classes, steps, phase, progress);
        measured.simulated = trace->info().extra.contains(kSimulatedFact);
        if (!measured.step)
          measured.problem = steps.steps.empty()
                                 ? tr("No steps were found in the open trace.")
                                 : tr("The open trace has no %1 step to hold against.")
                                       .arg(QString::fromStdString(phase));
        return measured;
      },
      [this](WhatIfMeasured measured) {
        measured_ = std::move(measured);
        showPicture();
      });
}

void WhatIfView::showForm() {
  ServingUnit unit;
  try {
    unit = unit_of(settings_, base_.files);
  } catch (const Error&) {  // the answer says why; the fields show what was asked for
    unit = load_unit(settings_.unit);
  }
  form_->showSettings(base_, settings_, unit);
  side_->setFixedWidth(std::max(kSideWidth, form_->minimumSizeHint().width() + kScrollBar));
  assumed_->setText(base_.assumed());
  assumed_->setVisible(!assumed_->text().isEmpty());
  reset_action_->setEnabled(!(settings_ == base_.settings));
}

QString WhatIfView::problem() const {
  if (!answer_) return {};
  if (!answer_->problem.isEmpty()) return answer_->problem;
  QStringList problems;
  if (const MemoryUse& memory = answer_->predicted->prediction.memory; !memory.fits())
    problems << tr("It does not fit: a GPU needs %1 GB and has %2 GB.")
                    .arg(memory.total() / 1e9, 0, 'f', 1)
                    .arg(memory.room / 1e9, 0, 'f', 1);
  if (!measured_.problem.isEmpty()) problems << measured_.problem;
  const bool same_phase = measured_phase_ == to_string(load_unit(base_.settings.unit).phase);
  if (base_answer_ && same_phase)
    if (const QString misfit = misfit_text(*base_answer_, measured_); !misfit.isEmpty())
      problems << misfit;
  return problems.join(QLatin1Char(' '));
}

/// In the place of the first answer.
QString WhatIfView::awaited() const {
  return tr("%1 of %2 on %3 is predicted as soon as this view is seen.")
      .arg(QString::fromStdString(settings_.unit), QString::fromStdString(settings_.model),
           QString::fromStdString(settings_.hardware));
}

void WhatIfView::showPicture() {
  bars_->setPicture(answer_
                        ? what_if_picture(base_answer_, answer_, measured_, base_.nothing_open())
                        : StepBarsPicture{.empty_text = awaited()});
  problem_->setText(problem());
  problem_->setVisible(!problem_->text().isEmpty());
  QStringList notes{bars_->picture().title, bars_->picture().note};
  if (answer_) notes << answer_->notes;
  if (measured_.step)
    for (const std::string& note : measured_.step->notes)
      notes << tr("measured: %1").arg(QString::fromStdString(note));
  bars_->setNotes(notes);
  timeline_action_->setEnabled(answer_ && answer_->predicted && !timeline_job_.running());
  summary_changed(*this);
}

SweepOver WhatIfView::chosenSweep() const {
  return static_cast<SweepOver>(over_->currentData().toInt());
}

void WhatIfView::sweep(SweepOver over) {
  over_->setCurrentIndex(over_->findData(static_cast<int>(over)));
  startSweep();
}

void WhatIfView::startSweep() {
  progress_->setValue(0);
  sweep_job_.start(
      tr("Sweeping %1").arg(sweep_name(chosenSweep())),
      [settings = settings_, files = base_.files, plans = plans_,
       over = chosenSweep()](Progress& progress) {
        try {
          const auto of = case_text(make_case(settings, files, *plans, progress));
          return std::pair(sweep_case(settings, files, *plans, over, {}, progress), of);
        } catch (const Error& error) {
          throw std::runtime_error(problem_text(error).toStdString());
        }
      },
      [this](std::pair<Sweep, std::string> swept) {
        showSweep(std::move(swept.first), QString::fromStdString(swept.second));
      });
}

QString WhatIfView::sweepInvitation() const {
  switch (chosenSweep()) {
    case SweepOver::CommSms:
      return tr(
          "Sweep predicts the step with up to 48 SMs of communication, and marks the "
          "shortest.");
    case SweepOver::Redundant:
      return tr("Sweep predicts the step with up to 4 more slots per GPU, and marks the shortest.");
    case SweepOver::Gpus:
      return tr(
          "Sweep predicts the step from one node to 320 GPUs, and marks most tokens per GPU.");
    case SweepOver::Batch:
      break;
  }
  return tr(
      "Sweep predicts the step from 1/8 to 8 times the batch, and marks most tokens per GPU.");
}

void WhatIfView::showSweep(std::optional<Sweep> sweep, const QString& of) {
  SweepPicture picture;
  picture.empty_text = sweepInvitation();
  if (sweep) {
    picture.title = tr("%1 swept: %2").arg(sweep_name(sweep->over), of);
    reason_->setText(sweep_reason(*sweep));
  }
  reason_->setVisible(sweep.has_value());
  picture.sweep = std::move(sweep);
  curve_->setPicture(std::move(picture));
  summary_changed(*this);
}

/// A value of the sweep becomes the setting.
void WhatIfView::takeSwept(double value) {
  WhatIf now = settings_;
  switch (curve_->picture().sweep->over) {
    case SweepOver::CommSms:
      now.comm_sms = static_cast<int>(value);
      break;
    case SweepOver::Redundant:
      now.redundant = static_cast<int>(value);
      break;
    case SweepOver::Gpus:
      now.gpus = static_cast<int>(value);
      break;
    case SweepOver::Batch:
      now.tokens_per_gpu = value;
      break;
  }
  setSettings(now);
}

void WhatIfView::openAsTimeline() {
  if (!folder_) folder_.emplace(QDir::tempPath() + QStringLiteral("/moescope-what-if-XXXXXX"));
  const QString file = folder_->filePath(QStringLiteral("what-if-%1.moetrace").arg(++traces_));
  timeline_job_.start(
      tr("Simulating a step"),
      [settings = settings_, files = base_.files, plans = plans_,
       path = file.toStdString()](Progress& progress) {
        return write_case_trace(make_case(settings, files, *plans, progress), path, progress);
      },
      [this, file](TimeNs) { Q_EMIT timelineWanted(file); });
}

void WhatIfView::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  const QRectF whole(QPointF(0, 0), QSizeF(size));
  const bool swept = curve_->picture().sweep.has_value();
  const qreal height = swept ? whole.height() * kBarsShare : whole.height();
  paint_step_bars(painter, QRectF(whole.topLeft(), QSizeF(whole.width(), height)), bars(), theme);
  if (swept) paint_sweep(painter, whole.adjusted(0, height, 0, 0), sweepPicture(), theme);
}

QString WhatIfView::csv() const {
  const QString swept = sweep_table(sweepPicture());
  return step_bars_table(bars()) + (swept.isEmpty() ? QString() : QLatin1Char('\n') + swept);
}

QString WhatIfView::summary() const {
  QString text = step_bars_summary(bars());
  if (sweepPicture().sweep) text += QLatin1Char(' ') + sweep_summary(sweepPicture());
  return text;
}

}  // namespace moescope
