#include "views/requests/requests_model.h"

#include <algorithm>
#include <array>

#include "views/common/positions.h"
#include "views/common/units.h"

namespace moescope {
namespace {

constexpr TimeUnit kSeconds{"s", 1'000'000'000};  // also while a recording is shorter

/// True when `after` is `before` with more requests at the end.
bool follows(const std::vector<ServedRequest>& before, const std::vector<ServedRequest>& after) {
  return before.size() <= after.size() &&
         std::equal(before.begin(), before.end(), after.begin(),
                    [](const auto& a, const auto& b) { return a.id == b.id && a.done == b.done; });
}

}  // namespace

void RequestsModel::setServing(ServingPtr serving) {
  const int before = rowCount();
  if (serving_ && serving && follows(serving_->requests, serving->requests)) {
    const int added = static_cast<int>(serving->requests.size()) - before;
    if (added > 0) beginInsertRows({}, 0, added - 1);
    serving_ = std::move(serving);
    if (added > 0) endInsertRows();
    return;
  }
  beginResetModel();
  serving_ = std::move(serving);
  endResetModel();
}

void RequestsModel::setTargets(ServingTargets targets) {
  if (targets == targets_) return;
  targets_ = targets;
  if (rowCount() > 0) Q_EMIT dataChanged(index(0, Within), index(rowCount() - 1, Within));
}

const ServedRequest& RequestsModel::request(int row) const {
  const auto& requests = serving_->requests;
  return requests[requests.size() - 1 - static_cast<std::size_t>(row)];
}

int RequestsModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() || !serving_ ? 0 : static_cast<int>(serving_->requests.size());
}

int RequestsModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QVariant RequestsModel::text(const ServedRequest& r, int column) const {
  switch (column) {
    case Arrival:
      return format_position(r.arrival, 1e6, kSeconds);
    case Done:
      return format_position(r.done, 1e6, kSeconds);
    case Ttft:
      return format_time(r.ttft);
    case Tpot:
      return r.tpot ? format_time(*r.tpot) : QString(QChar(0x2013));
    case Within:
      if (r.ttft > targets_.ttft) return tr("TTFT over");
      return within_targets(r, targets_) ? tr("yes") : tr("TPOT over");
    default:
      return number(r, column);
  }
}

QVariant RequestsModel::number(const ServedRequest& r, int column) const {
  switch (column) {
    case Id:
      return static_cast<qulonglong>(r.id);
    case Arrival:
      return static_cast<qlonglong>(r.arrival);
    case Topic:
      return r.topic;
    case Prompt:
      return r.prompt;
    case Output:
      return r.output;
    case Ttft:
      return static_cast<qlonglong>(r.ttft);
    case Tpot:
      return static_cast<qlonglong>(r.tpot.value_or(-1));
    case Done:
      return static_cast<qlonglong>(r.done);
    default:
      return within_targets(r, targets_) ? 1 : 0;
  }
}

QVariant RequestsModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount() || index.column() >= ColumnCount) return {};
  const ServedRequest& r = request(index.row());
  switch (role) {
    case Qt::DisplayRole:
      return text(r, index.column());
    case kSortRole:
      return number(r, index.column());
    case Qt::TextAlignmentRole:
      return QVariant::fromValue(Qt::Alignment(Qt::AlignRight | Qt::AlignVCenter));
    case Qt::ToolTipRole:
      return tr("Request %1: arrived at %2, first token after %3, done at %4")
          .arg(r.id)
          .arg(format_time_full(r.arrival), format_time_full(r.ttft), format_time_full(r.done));
    default:
      return {};
  }
}

QVariant RequestsModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
    return QAbstractTableModel::headerData(section, orientation, role);
  static const std::array<std::array<QString, 2>, ColumnCount> kTexts = {{
      {tr("Request"), tr("Number of the request")},
      {tr("Arrival"), tr("Time from trace start")},
      {tr("Topic"), tr("Kind of text the workload drew it from")},
      {tr("Prompt"), tr("Tokens of the prompt")},
      {tr("Output"), tr("Tokens made")},
      {tr("TTFT"), tr("Time to first token, from arrival")},
      {tr("TPOT"), tr("Time per output token after the first")},
      {tr("Done"), tr("Time from trace start at which the last token was made")},
      {tr("Within targets"), tr("TTFT and TPOT are both at most their targets")},
  }};
  const auto& texts = kTexts[static_cast<std::size_t>(section)];
  if (role == Qt::DisplayRole) return texts[0];
  if (role == Qt::ToolTipRole) return texts[1];
  return {};
}

QString requests_csv(const Serving& serving, const ServingTargets& targets) {
  QString csv = QStringLiteral(
      "request,arrival_ns,topic,prompt_tokens,output_tokens,ttft_ns,tpot_ns,done_ns,"
      "within_targets\n");
  for (const ServedRequest& r : serving.requests)
    csv += QStringLiteral("%1,%2,%3,%4,%5,%6,%7,%8,%9\n")
               .arg(QString::number(r.id), QString::number(r.arrival), QString::number(r.topic),
                    QString::number(r.prompt), QString::number(r.output), QString::number(r.ttft),
                    r.tpot ? QString::number(*r.tpot) : QString(), QString::number(r.done),
                    within_targets(r, targets) ? QStringLiteral("1") : QStringLiteral("0"));
  return csv;
}

}  // namespace moescope
