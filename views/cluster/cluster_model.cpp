#include "views/cluster/cluster_model.h"

#include <QDateTime>
#include <QGuiApplication>
#include <algorithm>
#include <array>
#include <map>

#include "views/common/delta.h"
#include "views/common/units.h"

namespace moescope {
namespace {

QString text(const std::string& s) {
  return QString::fromStdString(s);
}

}  // namespace

ClusterModel::ClusterModel(QObject* parent) : QStandardItemModel(parent) {
  setHorizontalHeaderLabels({tr("Rank"), tr("Unit"), tr("Expert tokens"), tr("Dropped")});
  for (const Column column : {Tokens, Dropped})
    horizontalHeaderItem(column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
  horizontalHeaderItem(Tokens)->setToolTip(
      tr("Tokens that the rank's experts computed in the last window of loads"));
  horizontalHeaderItem(Dropped)->setToolTip(
      tr("Records that did not fit the rank's rings and are missing in the recording"));
}

void ClusterModel::setRanks(const std::vector<NodeRank>& ranks) {
  std::vector<std::pair<int, int>> wanted;
  for (const NodeRank& rank : ranks) wanted.emplace_back(rank.node, rank.rank);
  if (wanted != known_) {
    known_ = std::move(wanted);
    rebuild(ranks);
  }
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const NodeRank& rank = ranks[i];
    const auto set = [&](Column column, const QString& value) {
      if (rows_[i][column]->text() != value) rows_[i][column]->setText(value);
    };
    set(Unit, to_string(rank.unit));
    set(Tokens, format_count(rank.tokens));
    set(Dropped, format_count(rank.dropped));
  }
}

void ClusterModel::rebuild(const std::vector<NodeRank>& ranks) {
  removeRows(0, rowCount());
  rows_.clear();
  std::map<int, QStandardItem*> nodes;
  for (const NodeRank& rank : ranks) {
    QStandardItem*& node = nodes[rank.node];
    if (node == nullptr) {
      node = new QStandardItem(tr("Node %1").arg(rank.node));
      node->setEditable(false);
      appendRow(node);
    }
    QList<QStandardItem*> row;
    for (int column = 0; column < ColumnCount; ++column) {
      row << new QStandardItem;
      row.back()->setEditable(false);
    }
    row[Name]->setText(tr("rank %1").arg(rank.rank));
    for (const Column column : {Tokens, Dropped})
      row[column]->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    node->appendRow(row);
    rows_.push_back(row);
  }
}

const NodePlanChange* PlanLogModel::change(int row) const {
  if (row < 0 || row >= rowCount()) return nullptr;
  return &history_[history_.size() - 1 - static_cast<std::size_t>(row)];
}

void PlanLogModel::setHistory(const std::vector<NodePlanChange>& history) {
  const auto same = [](const NodePlanChange& a, const NodePlanChange& b) {
    return a.ticket == b.ticket && a.phase == b.phase && a.bytes_done == b.bytes_done &&
           a.tpot_after == b.tpot_after && a.effect == b.effect;
  };
  const auto same_change = [](const NodePlanChange& a, const NodePlanChange& b) {
    return a.ticket == b.ticket;
  };
  if (std::equal(history.begin(), history.end(), history_.begin(), history_.end(), same)) return;
  if (std::equal(history.begin(), history.end(), history_.begin(), history_.end(), same_change)) {
    history_ = history;
    Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
    return;
  }
  beginResetModel();
  history_ = history;
  endResetModel();
}

void PlanLogModel::setEffects(std::map<std::uint64_t, PlanEffect> effects) {
  effects_ = std::move(effects);
  if (rowCount() > 0) Q_EMIT dataChanged(index(0, Imbalance), index(rowCount() - 1, Traffic));
}

std::optional<EffectRow> PlanLogModel::effectRow(const NodePlanChange& change, int column) const {
  const auto ours = effects_.find(change.ticket);
  if (ours == effects_.end() && !change.effect) return std::nullopt;
  const PlanEffect& effect = ours != effects_.end() ? ours->second : *change.effect;
  const EffectFigure* wanted = column == Imbalance ? &effect.imbalance
                               : column == Step    ? &effect.decode_step
                               : column == Traffic ? &effect.node_traffic
                                                   : nullptr;
  for (const EffectRow& row : effect_rows(effect))
    if (row.figure == wanted) return row;
  return std::nullopt;
}

QString PlanLogModel::effectText(const NodePlanChange& change, int column) const {
  const auto row = effectRow(change, column);
  return row ? QStringLiteral("%1 / %2 / %3").arg(row->before(), row->predicted(), row->measured())
             : QString(QChar(0x2013));
}

/// Measured figures take precedence over predictions.
Verdict PlanLogModel::verdict(const NodePlanChange& change, int column) const {
  const auto row = effectRow(change, column);
  if (!row) return Verdict::Same;
  return row->figure->measured ? row->measured_verdict() : row->predicted_verdict();
}

int PlanLogModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(history_.size());
}

int PlanLogModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QString PlanLogModel::text(const NodePlanChange& change, int column) const {
  const auto time = QDateTime::fromMSecsSinceEpoch(change.wall_ns / 1'000'000);
  switch (column) {
    case Time:
      return time.toString("HH:mm:ss");
    case Who:
      return moescope::text(change.who);
    case PlanName:
      return moescope::text(change.name);
    case Epoch:
      return QString::number(change.epoch);
    case Result:
      return QString(to_string(change.phase)).replace('_', ' ') +
             (change.reason.empty() ? QString() : ": " + moescope::text(change.reason));
    case Copies:
      return format_count(static_cast<quint64>(change.moves));
    case Bytes:
      return format_bytes(change.bytes_done);
    case Imbalance:
    case Step:
    case Traffic:
      return effectText(change, column);
    default:
      return QStringLiteral("%1 / %2 / %3")
          .arg(latency_text(change.tpot_before), latency_text(change.tpot_during),
               latency_text(change.tpot_after));
  }
}

QVariant PlanLogModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const NodePlanChange& change =
      history_[history_.size() - 1 - static_cast<std::size_t>(index.row())];
  if (role == Qt::DisplayRole || role == Qt::ToolTipRole) return text(change, index.column());
  if (const Verdict found = verdict(change, index.column());
      role == Qt::ForegroundRole && found != Verdict::Same)
    return verdict_color(found, Theme::of(QGuiApplication::palette()));
  return {};
}

QVariant PlanLogModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
    return QAbstractTableModel::headerData(section, orientation, role);
  static const std::array<QString, ColumnCount> kTexts = {
      tr("Time"),
      tr("Who"),
      tr("Plan"),
      tr("Epoch"),
      tr("Result"),
      tr("Copies"),
      tr("Moved"),
      tr("TPOT before / during / after"),
      tr("Imbalance before / predicted / measured"),
      tr("Decode step before / predicted / measured"),
      tr("Between nodes before / predicted / measured")};
  static const std::array<QString, ColumnCount> kTips = {
      tr("When it was proposed"),
      tr("Peer that asked for it"),
      tr("Name of the plan"),
      tr("In force afterwards"),
      tr("Phase of the change, and why it was refused or undone"),
      tr("Experts copied, over both units"),
      tr("Weights copied"),
      tr("Mean time per output token in the seconds before, during and after the change"),
      tr("Largest over mean tokens of a rank; as reported by the client that requested the change"),
      tr("Mean length of a decode step; as reported by the client that requested the change"),
      tr("Bytes over the network for each decoded token; as reported by the client that requested "
         "the "
         "change")};
  if (role == Qt::DisplayRole) return kTexts[static_cast<std::size_t>(section)];
  if (role == Qt::ToolTipRole) return kTips[static_cast<std::size_t>(section)];
  return {};
}

}  // namespace moescope
