// Tables of the comparison: a row a layer, and a row a copy of one layer.
#pragma once

#include <QAbstractTableModel>
#include <optional>
#include <vector>

#include "core/placement/plan_diff.h"
#include "views/common/delta.h"
#include "views/workspace/documents/plan_document.h"

namespace moescope {

/// What a row of the comparison knows.
struct CompareLayer {
  int id = 0;  ///< of the model's layer
  std::optional<double> before, after, bound;
  int slots_changed = 0;
  PlanCopies moves;
  /// Absent where one of the figures is.
  std::optional<Delta> change() const {
    return before && after ? std::optional(imbalance_delta(*before, *after)) : std::nullopt;
  }
  bool is(Verdict verdict) const {
    const auto delta = change();
    return delta && delta->verdict == verdict;
  }
};

/// Figures of all layers of the document against its plan before. Empty when nothing is compared.
/// @param diffs of diff_plans() for the same plans
std::vector<CompareLayer> compare_layers(const PlanDocument& document,
                                         const std::vector<LayerDiff>& diffs);

class CompareLayersModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Layer, Before, After, Bound, Change, Slots, Copies, Bytes, ColumnCount };
  using QAbstractTableModel::QAbstractTableModel;

  void show(std::vector<CompareLayer> layers);
  const std::vector<CompareLayer>& layers() const { return layers_; }
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  QString text(const CompareLayer& layer, int column) const;
  std::vector<CompareLayer> layers_;
};

class CompareCopiesModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Expert, Slot, Gpu, From, ColumnCount };
  using QAbstractTableModel::QAbstractTableModel;

  void show(std::vector<ExpertCopy> copies);
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  std::vector<ExpertCopy> copies_;
};

/// "734 (367 in each of 2 units)"
QString unit_copies_text(const PlanCopies& moves);
/// "17.2 MiB", in all units; "not known" where the size of an expert is not.
QString moved_bytes_text(const PlanCopies& moves);
/// "3 5 12"
QString gpu_list(const std::vector<int>& gpus);

}  // namespace moescope
