#include "views/load/expert_list_model.h"

#include <QFont>
#include <algorithm>

#include "core/loads/expert_facts.h"
#include "core/loads/metrics.h"
#include "views/common/units.h"
#include "views/load/number_text.h"
#include "views/plot/chart_paint.h"

namespace moescope {
namespace {

using Index = std::size_t;

std::vector<int> gpus_of(const Plan& plan, int layer, int expert) {
  std::vector<int> gpus;
  const auto& row = plan.physical_to_logical[static_cast<Index>(layer)];
  for (Index s = 0; s < row.size(); ++s)
    if (row[s] == expert) gpus.push_back(plan.gpu_of(static_cast<int>(s)));
  return gpus;
}

QVariant aligned(int role, bool number) {
  if (role != Qt::TextAlignmentRole) return {};
  return static_cast<int>((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
}

/// Right-aligns numbers, except beside the list of GPUs, where they would run together.
QVariant aligned_in(int column, int role) {
  if (role == Qt::TextAlignmentRole && column == ExpertListModel::Replicas)
    return static_cast<int>(Qt::AlignCenter);
  return aligned(role, column != ExpertListModel::Gpus);
}

}  // namespace

void ExpertListModel::setInput(const LoadPictureInput& input, const ModelPlace& place) {
  beginResetModel();
  rows_.clear();
  loads_ = input.sums ? input.sums->loads : nullptr;
  const int layers = loads_ ? loads_->layers() : 0, layer = place.layer;
  for (int l = std::max(layer, 0); l < (layer < 0 ? layers : std::min(layer + 1, layers)); ++l) {
    const auto& tokens = input.sums->shown[static_cast<Index>(l)];
    const auto u = unevenness(tokens);
    const auto chosen = order_ == Order::Hottest ? hottest(tokens, kRows) : coldest(tokens, kRows);
    for (const int e : chosen) {
      const double t = tokens[static_cast<Index>(e)];
      if (u.total > 0) rows_.push_back({l, e, t, t / u.total, t / u.mean, {}});
    }
  }
  const int sign = order_ == Order::Hottest ? 1 : -1;
  std::stable_sort(rows_.begin(), rows_.end(), [sign](const Row& a, const Row& b) {
    return sign * a.over_mean > sign * b.over_mean;
  });
  rows_.resize(std::min<Index>(rows_.size(), kRows));
  mark(input, place);
  for (Row& row : rows_) row.gpus = gpus_of(input.gpus.plan, row.layer, row.expert);
  endResetModel();
}

void ExpertListModel::mark(const LoadPictureInput& input, const ModelPlace& place) {
  marked_ = -1;
  const bool inside = loads_ && place.layer >= 0 && place.layer < loads_->layers() &&
                      place.expert >= 0 && place.expert < loads_->experts;
  if (!inside || rows_.empty()) return;
  const auto at = std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) {
    return row.layer == place.layer && row.expert == place.expert;
  });
  marked_ = static_cast<int>(at - rows_.begin());
  if (at != rows_.end()) return;
  const LoadStanding standing =
      standing_of(input.sums->shown[static_cast<Index>(place.layer)], place.expert);
  rows_.push_back(
      {place.layer, place.expert, standing.tokens, standing.share, standing.over_mean, {}});
}

int ExpertListModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}
int ExpertListModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QString ExpertListModel::text(const Row& row, int column) const {
  switch (column) {
    case Layer:
      return layer_name(*loads_, row.layer).section(QLatin1Char(' '), 1);
    case Expert:
      return QString::number(row.expert);
    case Tokens:
      return tokens_text(row.tokens);
    case Share:
      return format_percent(100 * row.share);
    case OverMean:
      return number_text(row.over_mean, 2);
    case Replicas:
      return QString::number(row.gpus.size());
    case Gpus: {
      QStringList gpus;
      for (const int gpu : row.gpus) gpus << QString::number(gpu);
      return gpus.join(QStringLiteral(", "));
    }
    default:
      return {};
  }
}

QVariant ExpertListModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Row& row = rows_[static_cast<Index>(index.row())];
  if (role == Qt::DisplayRole) return text(row, index.column());
  if (index.row() == marked_ && role == Qt::FontRole) {
    QFont bold;
    bold.setBold(true);
    return bold;
  }
  if (index.row() == marked_ && role == Qt::ToolTipRole) return tr("The selected expert");
  return aligned_in(index.column(), role);
}

QVariant ExpertListModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  const QStringList names = {tr("Layer"),  tr("Expert"),   tr("Tokens"), tr("Share"),
                             tr("x mean"), tr("Replicas"), tr("GPUs")};
  const QStringList tips = {tr("Layer of the model"),
                            tr("Logical expert"),
                            tr("Tokens routed to it in the shown windows; a token that is routed "
                               "to k experts counts k times"),
                            tr("Of all tokens of the layer"),
                            tr("Tokens of the expert / mean tokens of the layer's experts"),
                            tr("Slots that hold it"),
                            tr("GPUs of these slots")};
  if (role == Qt::DisplayRole) return names[section];
  if (role == Qt::ToolTipRole) return tips[section];
  return aligned_in(section, role);
}

ModelPlace ExpertListModel::at(int row) const {
  if (row < 0 || row >= rowCount()) return {};
  const Row& found = rows_[static_cast<Index>(row)];
  return {found.layer, found.expert, -1};
}

void DriftModel::setSums(const LoadSumsPtr& sums) {
  beginResetModel();
  rows_.clear();
  loads_ = sums ? sums->loads : nullptr;
  if (sums && sums->reference) {
    const LayerLoads& now = *sums->compared;
    const auto change =
        change_of(layer_by_expert(*sums->reference), layer_by_expert(now), LayerAxis::Rows);
    for (int l = 0; l < change.rows; ++l) {
      Row row;
      row.layer = l;
      row.drift = drift((*sums->reference)[static_cast<Index>(l)], now[static_cast<Index>(l)]);
      for (int e = 0; e < change.columns; ++e) {
        const double value = change.at(l, e);
        if (value > row.rise) row.rise = value, row.riser = e;
        if (value < row.fall) row.fall = value, row.faller = e;
      }
      rows_.push_back(row);
    }
    std::stable_sort(rows_.begin(), rows_.end(),
                     [](const Row& a, const Row& b) { return a.drift > b.drift; });
  }
  endResetModel();
}

int DriftModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}
int DriftModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QVariant DriftModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  if (role != Qt::DisplayRole) return aligned(role, true);
  const Row& row = rows_[static_cast<Index>(index.row())];
  const auto expert = [](int e, double change) {
    return e < 0 ? QStringLiteral("-")
                 : QStringLiteral("%1 (%2%3)")
                       .arg(e)
                       .arg(change > 0 ? QStringLiteral("+") : QString(), number_text(change, 2));
  };
  switch (index.column()) {
    case Layer:
      return layer_name(*loads_, row.layer).section(QLatin1Char(' '), 1);
    case Drift:
      return format_percent(100 * row.drift);
    case Riser:
      return expert(row.riser, row.rise);
    default:
      return expert(row.faller, row.fall);
  }
}

QVariant DriftModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  const QStringList names = {tr("Layer"), tr("Drift"), tr("Rose most"), tr("Fell most")};
  const QStringList tips = {
      tr("Layer of the model"),
      tr("Share of the layer's tokens that go to another expert than before (total variation "
         "distance)"),
      tr("Expert whose load / mean rose most, and by how much"),
      tr("Expert whose load / mean fell most, and by how much")};
  if (role == Qt::DisplayRole) return names[section];
  if (role == Qt::ToolTipRole) return tips[section];
  return aligned(role, true);
}

ModelPlace DriftModel::at(int row) const {
  if (row < 0 || row >= rowCount()) return {};
  return {rows_[static_cast<Index>(row)].layer, rows_[static_cast<Index>(row)].riser, -1};
}

std::optional<std::pair<double, double>> DriftModel::meanAndMost() const {
  if (rows_.empty()) return std::nullopt;
  double sum = 0;
  for (const Row& row : rows_) sum += row.drift;
  return std::pair(sum / static_cast<double>(rows_.size()), rows_.front().drift);
}

QString table_text(const QAbstractItemModel& model, QChar separator) {
  const auto field = [separator](const QString& text) { return table_field(text, separator); };
  QString text;
  for (int r = -1; r < model.rowCount(); ++r) {
    for (int c = 0; c < model.columnCount(); ++c) {
      if (c > 0) text += separator;
      text += field(
          (r < 0 ? model.headerData(c, Qt::Horizontal) : model.index(r, c).data()).toString());
    }
    text += QLatin1Char('\n');
  }
  return text;
}

}  // namespace moescope
