// Finds spans by name, lists them and steps through them; the timeline dims the rest.
#pragma once

#include <QAbstractTableModel>
#include <QCheckBox>
#include <QLabel>
#include <QLineEdit>
#include <QTableView>
#include <QTimer>
#include <QWidget>

#include "core/analysis/spans/find.h"
#include "views/common/job.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

class FindModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Start, Duration, Name, Track, ColumnCount };
  explicit FindModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
  void setHits(TracePtr trace, std::vector<FoundSpan> hits);
  const std::vector<FoundSpan>& hits() const { return hits_; }
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  TracePtr trace_;
  std::vector<FoundSpan> hits_;
};

class FindPanel : public QWidget {
  Q_OBJECT

 public:
  FindPanel(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);
  const FindModel& model() const { return model_; }
  void setText(const QString& text);
  /// Where another field gives the text.
  void hideInput() { input_->hide(); }
  QString countText() const { return count_->text(); }

 public Q_SLOTS:
  void next() { step(1); }
  void previous() { step(-1); }

 Q_SIGNALS:
  void hitsChanged();
  void cleared();  ///< by clearing the selection: the text is gone too

 private:
  void search();
  void showResult(TracePtr trace, FindResult result);
  void forget();
  void showEmpty();
  void step(int direction);
  void go(int row);

  TraceDocument& document_;
  Selection& selection_;
  FindModel model_;
  QLineEdit* input_;
  QCheckBox* regex_;
  QCheckBox* case_;
  QLabel* count_;
  QTableView* table_;
  QLabel* empty_;
  QTimer delay_, grown_;
  JobRunner job_;
};

}  // namespace moescope
