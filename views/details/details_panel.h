// The inspector: explains what was selected last, in any view.
#pragma once

#include <QLabel>
#include <QLineEdit>
#include <QSortFilterProxyModel>
#include <QTimer>
#include <QTreeView>
#include <QWidget>

#include "views/common/job.h"
#include "views/details/details_model.h"
#include "views/details/inspected.h"
#include "views/details/inspector_links.h"
#include "views/workspace/reveal.h"

namespace moescope {

class DetailsPanel : public QWidget {
  Q_OBJECT

 public:
  explicit DetailsPanel(Workspace& workspace, QWidget* parent = nullptr);
  const DetailsModel& model() const { return model_; }
  QAbstractItemModel* shownModel() { return &filter_; }
  QTreeView* tree() const { return tree_; }
  QString title() const { return title_->text(); }
  bool busy() const;

 public Q_SLOTS:
  void copyValue();
  void copyAll();

 Q_SIGNALS:
  void ruleRequested(int rule);
  void viewWanted(const QString& id);
  void queryWanted(const QString& sql);  ///< an answer of the view "query"

 protected:
  void changeEvent(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void build();
  void addCommands();
  void connectDocuments();
  void forget();
  void refresh();
  void refreshSpan();
  void refreshOtherSpan();
  void refreshArea();
  void refreshStep();
  void refreshPlace();
  void refreshRank();
  SpanContext context() const;
  void showSpan(const SpanDetails& details);
  void showSpanFacts(const SpanDetails& details, TimeRange visible);
  void showFacts(const QString& title, const std::function<void(const FactRows&)>& fill);
  /// Nothing is known of the selection: says why, or what to do.
  void showEmpty(const QString& text);
  void layoutTree();
  void fitNames();
  void findFlow();
  void findSameName(const SpanDetails& details);
  void follow(const QString& view);
  void activate(const QModelIndex& index);

  Workspace& workspace_;
  TraceDocument& document_;
  Selection& selection_;
  SpanRevealer revealer_;
  InspectedKeeper inspected_;
  DetailsModel model_;
  std::shared_ptr<const FlowIndex> flow_;  ///< of the analysis shown; made on first use
  AnalysisPtr flow_of_;                    ///< what the job is asked for
  SameNamePtr same_name_;                  ///< of the last span of a name
  JobRunner flow_job_, name_job_, span_job_, facts_job_;
  QTimer grown_;  ///< a recording is analysed again and again
  QSortFilterProxyModel filter_;
  QLabel *title_, *empty_;
  QLineEdit* search_;
  QTreeView* tree_;
  InspectorLinks* links_;
};

}  // namespace moescope
