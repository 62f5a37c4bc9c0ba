// Nodes and their ranks as rows.
#pragma once

#include <QStandardItemModel>
#include <map>

#include "core/analysis/serving/plan_effect.h"
#include "core/cluster/wire/node_types.h"
#include "views/cluster/effect_text.h"

namespace moescope {

class ClusterModel : public QStandardItemModel {
  Q_OBJECT

 public:
  enum Column { Name, Unit, Tokens, Dropped, ColumnCount };

  explicit ClusterModel(QObject* parent = nullptr);
  /// Changes texts in place while the ranks are the same; nothing is folded or deselected then.
  void setRanks(const std::vector<NodeRank>& ranks);

 private:
  void rebuild(const std::vector<NodeRank>& ranks);
  std::vector<std::pair<int, int>> known_;  ///< node and rank of each row, in order
  std::vector<QList<QStandardItem*>> rows_;
};

/// Changes of plan, newest first.
class PlanLogModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column {
    Time,
    Who,
    PlanName,
    Epoch,
    Result,
    Copies,
    Bytes,
    Tpot,
    Imbalance,
    Step,
    Traffic,
    ColumnCount
  };

  explicit PlanLogModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
  /// Oldest first, as a node reports them.
  void setHistory(const std::vector<NodePlanChange>& history);
  /// What was predicted and measured here, by the ticket of the change; newer than the node's own
  /// report.
  void setEffects(std::map<std::uint64_t, PlanEffect> effects);

  /// Of a row; nullptr when there is none.
  const NodePlanChange* change(int row) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  QString text(const NodePlanChange& change, int column) const;
  /// The figure that a column is of; nullopt for the others, and where nothing is known.
  std::optional<EffectRow> effectRow(const NodePlanChange& change, int column) const;
  QString effectText(const NodePlanChange& change, int column) const;
  Verdict verdict(const NodePlanChange& change, int column) const;
  std::vector<NodePlanChange> history_;
  std::map<std::uint64_t, PlanEffect> effects_;
};

}  // namespace moescope
