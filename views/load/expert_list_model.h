// Hottest or coldest experts as rows, and the drift of each layer as rows.
#pragma once

#include <QAbstractTableModel>

#include "views/load/load_pictures.h"
#include "views/workspace/model_place.h"

namespace moescope {

/// The experts with the most (or fewest) tokens against the mean of their layer, of one layer or of
/// all.
class ExpertListModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum class Order { Hottest, Coldest };
  enum Column { Layer, Expert, Tokens, Share, OverMean, Replicas, Gpus, ColumnCount };
  static constexpr int kRows = 50;

  explicit ExpertListModel(Order order, QObject* parent = nullptr)
      : QAbstractTableModel(parent), order_(order) {}
  /// Of the layer of `place`, -1: of all layers. The expert of `place` is marked; it has a row
  /// below the others where it is not one of them.
  void setInput(const LoadPictureInput& input, const ModelPlace& place);
  /// The row of the marked expert; -1 when there is none.
  int markedRow() const { return marked_; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  ModelPlace at(int row) const;

 private:
  struct Row {
    int layer = 0, expert = 0;
    double tokens = 0, share = 0, over_mean = 0;
    std::vector<int> gpus;
  };
  void mark(const LoadPictureInput& input, const ModelPlace& place);
  QString text(const Row& row, int column) const;

  Order order_;
  LoadsPtr loads_;
  std::vector<Row> rows_;
  int marked_ = -1;
};

/// How far each layer's distribution moved from the reference windows, most first.
class DriftModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Layer, Drift, Riser, Faller, ColumnCount };

  using QAbstractTableModel::QAbstractTableModel;
  void setSums(const LoadSumsPtr& sums);

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  /// Layer and the expert that rose most.
  ModelPlace at(int row) const;
  /// Mean and largest drift over layers; nullopt without a reference.
  std::optional<std::pair<double, double>> meanAndMost() const;

 private:
  struct Row {
    int layer = 0;
    double drift = 0;
    int riser = -1, faller = -1;
    double rise = 0, fall = 0;  ///< of load / mean
  };
  LoadsPtr loads_;
  std::vector<Row> rows_;
};

/// A model as text, header first.
QString table_text(const QAbstractItemModel& model, QChar separator);

}  // namespace moescope
