#include "views/plan/compare/compare_models.h"

#include <QCoreApplication>
#include <QGuiApplication>

#include "views/common/units.h"

namespace moescope {
namespace {

QString figure(const std::optional<double>& value) {
  return value ? QString::number(*value, 'f', 4) : QStringLiteral("–");
}

QVariant right_aligned(int role) {
  if (role == Qt::TextAlignmentRole) return int(Qt::AlignRight | Qt::AlignVCenter);
  return {};
}

}  // namespace

QString unit_copies_text(const PlanCopies& moves) {
  const QString all = format_count(static_cast<quint64>(moves.copies_in_all()));
  if (moves.units < 2) return all;
  return QCoreApplication::translate("PlanMoves", "%1 (%2 in each of %3 units)")
      .arg(all, format_count(static_cast<quint64>(moves.copies)))
      .arg(moves.units);
}

QString moved_bytes_text(const PlanCopies& moves) {
  const auto bytes = moves.copies == 0 ? std::optional(0.0) : moves.bytes_in_all();
  return bytes ? format_bytes(static_cast<quint64>(*bytes))
               : QCoreApplication::translate("PlanMoves", "not known");
}

QString gpu_list(const std::vector<int>& gpus) {
  QStringList words;
  for (const int g : gpus) words << QString::number(g);
  return words.join(' ');
}

std::vector<CompareLayer> compare_layers(const PlanDocument& document,
                                         const std::vector<LayerDiff>& diffs) {
  std::vector<CompareLayer> layers;
  if (document.empty() || document.before() == nullptr) return layers;
  for (int l = 0; l < document.plan().layers(); ++l) {
    const LayerFigures after = document.state().figures(l);
    const LayerDiff& diff = diffs.at(static_cast<std::size_t>(l));
    layers.push_back({document.plan().layer_id(l), document.before()->figures(l).imbalance(),
                      after.imbalance(), after.bound, diff.slots_changed,
                      document.moves(static_cast<std::int64_t>(diff.copies.size()))});
  }
  return layers;
}

void CompareLayersModel::show(std::vector<CompareLayer> layers) {
  beginResetModel();
  layers_ = std::move(layers);
  endResetModel();
}

int CompareLayersModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(layers_.size());
}

int CompareLayersModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QString CompareLayersModel::text(const CompareLayer& layer, int column) const {
  switch (column) {
    case Layer:
      return QString::number(layer.id);
    case Before:
      return figure(layer.before);
    case After:
      return figure(layer.after);
    case Bound:
      return figure(layer.bound);
    case Change: {
      const auto change = layer.change();
      return change ? change->text : figure({});
    }
    case Slots:
      return QString::number(layer.slots_changed);
    case Copies:
      return QString::number(layer.moves.copies_in_all());
    case Bytes:
      return moved_bytes_text(layer.moves);
    default:
      return {};
  }
}

QVariant CompareLayersModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const CompareLayer& layer = layers_.at(static_cast<std::size_t>(index.row()));
  if (role == Qt::DisplayRole) return text(layer, index.column());
  if (const auto change = layer.change(); role == Qt::ForegroundRole && index.column() == Change &&
                                          change && change->verdict != Verdict::Same)
    return verdict_color(change->verdict, Theme::of(QGuiApplication::palette()));
  return right_aligned(role);
}

QVariant CompareLayersModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  static const QStringList titles = {tr("Layer"),  tr("Before"), tr("After"),  tr("Bound"),
                                     tr("Change"), tr("Slots"),  tr("Copies"), tr("Bytes")};
  static const QStringList tips = {
      tr("Layer of the model"),
      tr("Imbalance (max / mean GPU load) under the plan before, for the open loads"),
      tr("Imbalance under the plan on the board"),
      tr("No plan with this many slots is better under the replica rule"),
      tr("After less before; negative is better balanced"),
      tr("Slots that hold another expert"),
      tr("Experts that a GPU must receive, in all units that take the plan"),
      tr("Copies × bytes of one expert in one layer")};
  if (role == Qt::DisplayRole) return titles.value(section);
  if (role == Qt::ToolTipRole) return tips.value(section);
  return {};
}

void CompareCopiesModel::show(std::vector<ExpertCopy> copies) {
  beginResetModel();
  copies_ = std::move(copies);
  endResetModel();
}

int CompareCopiesModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(copies_.size());
}

int CompareCopiesModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QVariant CompareCopiesModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  if (role != Qt::DisplayRole) return right_aligned(role);
  const ExpertCopy& copy = copies_.at(static_cast<std::size_t>(index.row()));
  switch (index.column()) {
    case Expert:
      return copy.expert;
    case Slot:
      return copy.slot;
    case Gpu:
      return copy.gpu;
    default:
      return gpu_list(copy.from_gpus);
  }
}

QVariant CompareCopiesModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  static const QStringList titles = {tr("Expert"), tr("To slot"), tr("On GPU"),
                                     tr("GPUs that have it")};
  return role == Qt::DisplayRole ? titles.value(section) : QVariant();
}

}  // namespace moescope
