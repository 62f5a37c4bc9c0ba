#include "views/panels/trace_tree.h"

#include <QFileInfo>
#include <QHeaderView>
#include <QScopedValueRollback>
#include <algorithm>

#include "core/analysis/gpu_work.h"
#include "views/common/units.h"

namespace moescope {
namespace {

constexpr int kProcessRole = Qt::UserRole + 1;  // absent: the item does not filter

QList<QStandardItem*> make_row(const QString& text, quint64 count, const QString& tip) {
  auto* name = new QStandardItem(text);
  name->setToolTip(tip.isEmpty() ? text : tip);
  auto* spans = new QStandardItem(format_count(count));
  spans->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
  spans->setToolTip(QObject::tr("Spans recorded here"));
  for (QStandardItem* item : {name, spans}) item->setEditable(false);
  return {name, spans};
}

}  // namespace

TraceTree::TraceTree(Document& document, ViewContext& context, QWidget* parent)
    : QTreeView(parent), document_(document), context_(context) {
  setObjectName("traceTree");
  setAccessibleName(tr("Files, ranks, devices and streams"));
  setModel(&model_);
  setFrameShape(QFrame::NoFrame);
  setUniformRowHeights(true);
  setTextElideMode(Qt::ElideMiddle);
  connect(&document_, &Document::traceChanged, this, &TraceTree::rebuild);
  connect(&context_, &ViewContext::processFilterChanged, this, &TraceTree::followFilter);
  connect(selectionModel(), &QItemSelectionModel::currentChanged, this,
          [this](const QModelIndex& current) {
            if (!current.isValid()) return;
            const QVariant process = current.siblingAtColumn(0).data(kProcessRole);
            context_.setProcessFilter(process.isValid() ? std::optional<ProcessId>(process.toUInt())
                                                        : std::nullopt);
          });
  rebuild();
}

void TraceTree::rebuild() {
  const QSignalBlocker quiet(selectionModel());
  model_.clear();
  model_.setHorizontalHeaderLabels({tr("Trace"), tr("Spans")});
  if (!document_.trace()) return;
  const Trace& trace = *document_.trace();
  auto all = make_row(tr("All ranks"), trace.span_count(), tr("Shows every rank"));
  QStandardItem* root = all.front();
  model_.appendRow(all);
  std::vector<QStandardItem*> files;
  const auto& names = trace.info().files;
  if (names.size() > 1) {
    for (std::size_t f = 0; f < names.size(); ++f) {
      quint64 spans = 0;
      for (TrackId t = 0; t < trace.tracks().size(); ++t)
        if (trace.processes()[trace.tracks()[t].process].file == static_cast<int>(f))
          spans += trace.span_count(t);
      const QString path = QString::fromStdString(names[f]);
      auto row = make_row(QFileInfo(path).fileName(), spans, path);
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

void TraceTree::addProcess(QStandardItem* parent, const Trace& trace, ProcessId process) {
  quint64 total = 0;
  std::map<int, quint64> device_spans;  // -1: threads
  for (TrackId t = 0; t < trace.tracks().size(); ++t) {
    const Track& track = trace.tracks()[t];
    if (track.process != process) continue;
    const quint64 count = trace.span_count(t);
    total += count;
    device_spans[track.device] += count;
  }
  const Process& info = trace.processes()[process];
  auto row = make_row(
      QString::fromStdString(info.label), total,
      tr("%1, pid %2").arg(QString::fromStdString(info.name), QString::fromStdString(info.pid)));
  row.front()->setData(process, kProcessRole);
  std::vector<int> order;
  for (const auto& [device, count] : device_spans)
    if (count > 0) order.push_back(device);
  // Threads, -1, come last: the work of the devices is what is looked for.
  std::rotate(order.begin(), std::find_if(order.begin(), order.end(), [](int d) { return d >= 0; }),
              order.end());
  for (const int device : order) {
    const QString label =
        device < 0 ? tr("Threads") : QString::fromStdString(device_word(trace, {process, device}));
    auto group = make_row(label, device_spans[device], {});
    group.front()->setData(process, kProcessRole);
    for (TrackId t = 0; t < trace.tracks().size(); ++t) {
      const Track& track = trace.tracks()[t];
      if (track.process != process || track.device != device) continue;
      if (trace.span_count(t) == 0) continue;
      auto leaf = make_row(QString::fromStdString(track.name), trace.span_count(t),
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
  const auto filter = context_.processFilter();
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
