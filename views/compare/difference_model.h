// Rows of a comparison.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

#include "views/compare/compare_work.h"

namespace moescope {

class DifferenceModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Scope, Of, Figure, A, B, Delta, Percent, Noise, Verdict, ColumnCount };
  static constexpr int kSortRole = Qt::UserRole;
  static constexpr int kScopeRole = Qt::UserRole + 1;        ///< QString
  static constexpr int kSignificantRole = Qt::UserRole + 2;  ///< bool

  explicit DifferenceModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
  void setComparison(ComparisonPtr comparison);
  const Difference& row(int row) const {
    return comparison_->differences[static_cast<std::size_t>(row)];
  }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  ComparisonPtr comparison_;
};

/// "sm pair", "kernel"
QString difference_scope(const Difference& row);
/// What the row is of: "all devices", "dispatch", "layer 3"...
QString difference_subject(const Difference& row);
/// "Exposed communication", "Mean of a run"...
QString difference_figure(const Difference& row);
/// "longer", "new", "same"...
QString difference_verdict(Change change);
/// "4.19 ms", "96.3 %", "1,234"; a dash for what one side does not have.
QString difference_value(const std::optional<double>& value, FigureUnit unit);

/// Shows the rows of one scope, or of all; all of them, or the significant ones.
class DifferenceFilter : public QSortFilterProxyModel {
  Q_OBJECT

 public:
  using QSortFilterProxyModel::QSortFilterProxyModel;
  void setScope(const QString& scope);
  void setSignificantOnly(bool only);

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  QString scope_;
  bool significant_only_ = true;
};

}  // namespace moescope
