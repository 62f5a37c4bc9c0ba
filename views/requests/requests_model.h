// The table of served requests, newest first.
#pragma once

#include <QAbstractTableModel>
#include <memory>

#include "core/analysis/serving/serving_figures.h"

namespace moescope {

using ServingPtr = std::shared_ptr<const Serving>;

class RequestsModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Id, Arrival, Topic, Prompt, Output, Ttft, Tpot, Done, Within, ColumnCount };
  static constexpr int kSortRole = Qt::UserRole;  ///< raw number; ns for times

  explicit RequestsModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
  /// Requests that follow those shown are inserted, so that selection and scrolling stay; anything
  /// else starts over.
  void setServing(ServingPtr serving);
  void setTargets(ServingTargets targets);
  const ServedRequest& request(int row) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  QVariant text(const ServedRequest& request, int column) const;
  QVariant number(const ServedRequest& request, int column) const;

  ServingPtr serving_;
  ServingTargets targets_;
};

/// All requests with a header row that names units.
QString requests_csv(const Serving& serving, const ServingTargets& targets);

}  // namespace moescope
