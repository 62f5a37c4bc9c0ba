#include "views/tree/trace_tree.h"

#include <QFileInfo>
#include <QHeaderView>
#include <QScopedValueRollback>
#include <algorithm>

#include "core/analysis/spans/gpu_work.h"
#include "views/common/units.h"

namespace moescope {
namespace {

constexpr int kIndent = 12;                     // of four levels in a narrow column
constexpr int kProcessRole = Qt::UserRole + 1;  // absent: the item does not filter

std::vector<TrackId> tracks_with_spans(const Trace& trace) {
  std::vector<TrackId> tracks;
  for (TrackId track = 0; track < trace.tracks().size(); ++track)
    if (trace.span_count(track) > 0) tracks.push_back(track);
  return tracks;
}

quint64 count_spans(const Trace& trace, const std::vector<TrackId>& tracks) {
  quint64 total = 0;
  for (const TrackId track : tracks) total += trace.span_count(track);
  return total;
}

QList<QStandardItem*> make_row(const QString& text, const QString& tip) {
  auto* name = new QStandardItem(text);
  name->setToolTip(tip.isEmpty() ? text : tip);
  auto* spans = new QStandardItem;
  spans->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
  spans->setToolTip(QObject::tr("Spans recorded here"));
  for (QStandardItem* item : {name, spans}) item->setEditable(false);
  return {name, spans};
}

}  // namespace

QList<QStandardItem*> TraceTree::countedRow(const QString& text, std::vector<TrackId> tracks,
                                            const QString& tip) {
  QList<QStandardItem*> row = make_row(text, tip);
  row[1]->setText(format_count(count_spans(*document_.trace(), tracks)));
  counts_.emplace_back(row[1], std::move(tracks));
  return row;
}

TraceTree::TraceTree(TraceDocument& document, Selection& selection, QWidget* parent)
    : QTreeView(parent), document_(document), selection_(selection) {
  setObjectName("traceTree");
  setAccessibleName(tr("Files, ranks, devices and streams"));
  setModel(&model_);
  setFrameShape(QFrame::NoFrame);
  setUniformRowHeights(true);
  setTextElideMode(Qt::ElideMiddle);
  setIndentation(kIndent);
  connect(&document_, &TraceDocument::traceChanged, this, &TraceTree::rebuild);
  connect(&document_, &TraceDocument::traceGrown, this, [this] {
    if (!grown_.isActive()) grown_.start();
  });
  grown_.setSingleShot(true);
  grown_.setInterval(1000);
  connect(&grown_, &QTimer::timeout, this, &TraceTree::grow);
  connect(&selection_, &Selection::processFilterChanged, this, &TraceTree::followFilter);
  connect(selectionModel(), &QItemSelectionModel::currentChanged, this,
          [this](const QModelIndex& current) {
            if (!current.isValid()) return;
            const QVariant process = current.siblingAtColumn(0).data(kProcessRole);
            selection_.setProcessFilter(
                process.isValid() ? std::optional<ProcessId>(process.toUInt()) : std::nullopt);
          });
  rebuild();
}

void TraceTree::rebuild() {
  const QSignalBlocker quiet(selectionModel());
  model_.clear();
  counts_.clear();
  shown_.clear();
  model_.setHorizontalHeaderLabels({tr("Trace"), tr("Spans")});
  if (!document_.trace()) return;
  const Trace& trace = *document_.trace();
  shown_ = tracks_with_spans(trace);
  auto all = countedRow(tr("All ranks"), shown_, tr("Shows every rank"));
  QStandardItem* root = all.front();
  model_.appendRow(all);
  std::vector<QStandardItem*> files;
  const auto& names = trace.info().files;
  if (names.size() > 1) {
    for (std::size_t f = 0; f < names.size(); ++f) {
      std::vector<TrackId> tracks;
      for (TrackId t = 0; t < trace.tracks().size(); ++t)
        if (trace.processes()[trace.tracks()[t].process].file == static_cast<int>(f))
          tracks.push_back(t);
      const QString path = QString::fromStdString(names[f]);
      auto row = countedRow(QFileInfo(path).fileName(), std::move(tracks), path);
      files.push_back(row.front());
      root->appendRow(row);
    }
  }
  for (ProcessId p = 0; p < trace.processes().size(); ++p) {
    const auto file = static_cast<std::size_t>(trace.processes()[p].file);
    addProcess(file < files.size() ? files[file] : root, trace, p);
  }
  expandToDepth(files.empty() ? 2 : 3);
  header()->setStretchLastSection(false);
  header()->setSectionResizeMode(0, QHeaderView::Stretch);
  header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
}

void TraceTree::grow() {
  if (!document_.trace()) return;
  const Trace& trace = *document_.trace();
  if (tracks_with_spans(trace) != shown_) {
    rebuild();
    return;
  }
  for (const auto& [item, tracks] : counts_)
    item->setText(format_count(count_spans(trace, tracks)));
}

void TraceTree::addProcess(QStandardItem* parent, const Trace& trace, ProcessId process) {
  std::vector<TrackId> all;
  std::map<int, std::vector<TrackId>> devices;  // -1: threads
  for (TrackId t = 0; t < trace.tracks().size(); ++t) {
    if (trace.tracks()[t].process != process) continue;
    all.push_back(t);
    devices[trace.tracks()[t].device].push_back(t);
  }
  const Process& info = trace.processes()[process];
  auto row = countedRow(
      QString::fromStdString(info.label), std::move(all),
      tr("%1, pid %2").arg(QString::fromStdString(info.name), QString::fromStdString(info.pid)));
  row.front()->setData(process, kProcessRole);
  std::vector<int> order;
  for (const auto& [device, tracks] : devices)
    if (count_spans(trace, tracks) > 0) order.push_back(device);
  // Threads, -1, come last: the work of the devices is what is looked for.
  std::rotate(order.begin(), std::find_if(order.begin(), order.end(), [](int d) { return d >= 0; }),
              order.end());
  for (const int device : order) {
    const QString label =
        device < 0 ? tr("Threads") : QString::fromStdString(device_word(trace, {process, device}));
    const std::vector<TrackId>& tracks = devices[device];
    auto group = countedRow(label, tracks, {});
    group.front()->setData(process, kProcessRole);
    for (const TrackId t : tracks) {
      if (trace.span_count(t) == 0) continue;
      auto leaf = countedRow(QString::fromStdString(trace.tracks()[t].name), {t},
                             QString::fromStdString(trace.path(t)));
      leaf.front()->setData(process, kProcessRole);
      group.front()->appendRow(leaf);
    }
    row.front()->appendRow(group);
  }
  parent->appendRow(row);
}

void TraceTree::followFilter() {
  const QVariant current = currentIndex().siblingAtColumn(0).data(kProcessRole);
  const auto filter = selection_.processFilter();
  if (filter ? current.isValid() && current.toUInt() == *filter : !current.isValid()) return;
  QModelIndex target = model_.index(0, 0);
  if (filter) {
    const auto hits =
        model_.match(target, kProcessRole, *filter, 1, Qt::MatchExactly | Qt::MatchRecursive);
    if (!hits.isEmpty()) target = hits.front();
  }
  const QSignalBlocker quiet(selectionModel());
  setCurrentIndex(target);
  viewport()->update();
}

}  // namespace moescope
