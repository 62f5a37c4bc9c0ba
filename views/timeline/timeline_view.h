// The timeline: lanes rank > stream, an overlap ribbon per device, overview strip, row names.
#pragma once

#include <QAction>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QScrollBar>
#include <QWidget>
#include <functional>
#include <optional>

#include "views/plot/chart.h"
#include "views/timeline/timeline_canvas.h"
#include "views/timeline/timeline_chart.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

class OverviewStrip;
class RankRows;
class RowHeader;
class TimeTrack;
class TrackStack;

class TimelineView : public QWidget, public Chart {
  Q_OBJECT

 public:
  TimelineView(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);

  /// Selects a span, brings its row into view and, when it is outside the visible range or too
  /// small to see, its time too.
  void revealSpan(SpanRef ref);

  TimelineScene& scene() { return *scene_; }
  TimelineCanvas& canvas() { return *canvas_; }
  RowHeader& header() { return *header_; }
  QScrollBar& scrollBar() { return *scroll_bar_; }
  RankRows& ranks() { return *ranks_; }
  QLineEdit& findRowEdit() { return *find_row_; }
  /// Goes one step back: drag, measure, area, selection. False when nothing was left.
  bool stepBack();

  QString chartName() const override { return QStringLiteral("timeline"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override {
    TimelineChart(*scene_, font()).paintChart(painter, size, theme);
  }
  QString csv() const override { return csvTask()(); }
  std::function<QString()> csvTask() const override { return TimelineChart(*scene_).csvTask(); }
  QString summary() const override { return timeline_summary(*scene_); }
  /// Puts a strip below the lanes, with its title in the column of row names. The view owns it, and
  /// an action "timeline.track_ID" shows and hides it.
  void addTrack(TimeTrack* track);
  /// What can be done at the pointer: with the span there, which gets selected, and with rows. The
  /// caller deletes it.
  QMenu* makeContextMenu();
  /// True while something that belongs in the picture is still on its way.
  bool busy() const { return scene_->busy(); }

 Q_SIGNALS:
  /// Reading the trace failed; the text says what and what to do.
  void failed(const QString& message);
  void sameNameWanted(const QString& name);  ///< the spans of this name, listed
  /// A rule that says of which class kernels of this name are, now `now`.
  void ruleWanted(const QString& name, moescope::ClassifiedName now);

 protected:
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void buildWidgets();
  void buildActions();
  void buildRangeActions();
  void buildSelectionActions();
  void buildRowActions();
  void buildSpanActions();
  QAction* makeAction(const char* name, const QString& text, const QString& tip,
                      const QList<QKeySequence>& keys, std::function<void()> run);

  void followSelection();
  void showContextMenu(QPoint global_pos);
  void fitSelection();
  void moveSelection(int step);
  void moveToRow(int step);
  void selectNearest(TrackId track);
  std::optional<RowKey> currentRow() const;
  void namePin();
  void togglePin();
  void hideRow();
  void findRow(const QString& text, bool next);
  void leaveFindRow();

  TraceDocument& document_;
  Selection& selection_;
  TimelineScene* scene_;
  RankRows* ranks_;
  TimelineCanvas* canvas_ = nullptr;
  RowHeader* header_ = nullptr;
  OverviewStrip* overview_ = nullptr;
  TrackStack* tracks_ = nullptr;
  QScrollBar* scroll_bar_ = nullptr;
  QLineEdit* find_row_ = nullptr;
  QLabel* row_count_ = nullptr;  ///< which of the rows that match is marked
  QAction *measure_action_ = nullptr, *pin_action_ = nullptr;
  QList<QAction*> span_actions_;
  std::size_t found_row_ = 0;
  SpanRef followed_;  ///< whose row was brought into view
};

}  // namespace moescope
