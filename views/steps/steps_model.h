// Rows of the list of steps.
#pragma once

#include <QAbstractTableModel>
#include <memory>
#include <vector>

#include "core/analysis/steps/steps.h"

namespace moescope {

using TraceStepsPtr = std::shared_ptr<const TraceSteps>;

class StepsModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Number, Phase, Begin, Time, Over, Exposed, Imbalance, ColumnCount };
  static constexpr int kSortRole = Qt::UserRole;

  explicit StepsModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
  /// Null: no rows.
  void setSteps(TraceStepsPtr steps);
  const TraceStepsPtr& steps() const { return steps_; }
  const TraceStep* step(int row) const;
  /// The row of a step; -1 when there is none.
  int rowOf(std::uint64_t number) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  double over(const TraceStep& step) const;
  QVariant number(const TraceStep& step, int column) const;
  QString text(const TraceStep& step, int column) const;

  TraceStepsPtr steps_;
  std::vector<bool> outlier_;
  std::map<std::string, TimeNs> medians_;  ///< by phase
};

}  // namespace moescope
