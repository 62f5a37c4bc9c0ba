// SQL over what is open: questions, their rows, and the spans that rows are about.
#pragma once

#include <QLabel>
#include <QPushButton>
#include <QSortFilterProxyModel>
#include <QTabWidget>
#include <QTableView>
#include <QWidget>

#include "views/common/job.h"
#include "views/query/query_tree.h"
#include "views/query/result_chart.h"
#include "views/query/result_model.h"
#include "views/query/sql_editor.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/reveal.h"
#include "views/workspace/selection.h"

namespace moescope {

class QueryView : public QWidget {
  Q_OBJECT

 public:
  static constexpr std::size_t kMostRows = 10000;

  QueryView(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);
  void setSql(const QString& sql) { editor_->setPlainText(sql); }
  void run();
  /// Writes the question and answers it.
  void ask(const QString& sql);
  bool busy() const { return job_.running(); }
  const ResultModel& result() const { return model_; }
  QString status() const { return status_->text(); }
  /// The rows as shown, with a header.
  QString csv() const;

 private:
  void buildResult();
  void addActions();
  void showResult(QueryResult result);
  void refreshState();
  void goTo(int row);

  TraceDocument& document_;
  Selection& selection_;
  SpanRevealer revealer_;
  QueryTree* tree_;
  SqlEditor* editor_;
  QPushButton *run_, *cancel_;
  QLabel* status_;
  QTabWidget* tabs_;
  QTableView* table_;
  ResultChart* chart_;
  ResultModel model_;
  QSortFilterProxyModel sorted_;
  JobRunner job_;
};

}  // namespace moescope
