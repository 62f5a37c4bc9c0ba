#include "views/details/details_model.h"

#include <QApplication>
#include <nlohmann/json.hpp>

#include "views/common/theme.h"
#include "views/common/units.h"

namespace moescope {
namespace {

using Json = nlohmann::ordered_json;

QString qt(std::string_view text) {
  return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

/// Appends a row and returns its first item.
QStandardItem* add(QStandardItem* parent, const QString& name, const QString& value,
                   const QString& tip = {}) {
  auto* left = new QStandardItem(name);
  auto* right = new QStandardItem(value);
  left->setEditable(false);
  right->setEditable(false);
  right->setToolTip(tip.isEmpty() ? value : tip);
  parent->appendRow({left, right});
  return left;
}

QString scalar_text(const Json& value) {
  return value.is_string()
             ? qt(value.get_ref<const std::string&>())
             : QString::fromStdString(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxItems = 2000;  // of one array: a foreign file may hold millions

void add_json(QStandardItem* parent, const QString& name, const Json& value, int depth) {
  if (!value.is_structured() || depth == kMaxDepth) {
    add(parent, name, scalar_text(value));
    return;
  }
  QStandardItem* group =
      add(parent, name, value.is_array() ? QObject::tr("%1 items").arg(value.size()) : QString());
  std::size_t i = 0;
  for (const auto& [key, item] : value.items()) {
    if (++i > kMaxItems) {
      add(group, QStringLiteral("…"), QObject::tr("%1 more").arg(value.size() - kMaxItems));
      break;
    }
    add_json(group, qt(key), item, depth + 1);
  }
}

QString dimensions(const std::array<std::uint32_t, 3>& d) {
  return QStringLiteral("%1 × %2 × %3").arg(d[0]).arg(d[1]).arg(d[2]);
}

void append_text(const QStandardItem* parent, int depth, QString& text) {
  for (int row = 0; row < parent->rowCount(); ++row) {
    text += QString(depth * 2, QLatin1Char(' ')) + parent->child(row, 0)->text() +
            QLatin1Char('\t') + parent->child(row, 1)->text() + QLatin1Char('\n');
    append_text(parent->child(row, 0), depth + 1, text);
  }
}

}  // namespace

void DetailsModel::show(const SpanDetails& details) {
  clear();
  setHorizontalHeaderLabels({tr("Property"), tr("Value")});
  const Trace& trace = *details.trace;
  const Span& span = details.span;
  add(invisibleRootItem(), tr("Name"), qt(trace.strings()[span.name]));
  add(invisibleRootItem(), tr("Recorded as"), qt(to_string(span.kind)));
  addClass(details);
  addTimes(span);
  add(invisibleRootItem(), tr("Track"), QString::fromStdString(trace.path(details.ref.track)));
  if (span.correlation != 0)
    add(invisibleRootItem(), tr("Correlation"), QString::number(span.correlation),
        tr("Joins a launch and the GPU work it started"));
  addFlow(details);
  addLaunch(trace, span);
  addArguments(details.args);
}

void DetailsModel::addFlow(const SpanDetails& details) {
  if (is_gpu_work(details.span.kind))
    addSpans(*details.trace, tr("Launched by"), tr("The call on the host that started this work"),
             details.partners);
  else
    addSpans(*details.trace, tr("Launched"), tr("The GPU work that this call started"),
             details.partners);
  const bool guessed = details.peer_method == PeerMethod::Order;
  addSpans(*details.trace, guessed ? tr("• On other ranks (guessed)") : tr("On other ranks"),
           tr("The same collective on the other ranks, %1").arg(to_string(details.peer_method)),
           details.peers);
}

void DetailsModel::addSpans(const Trace& trace, const QString& title, const QString& tip,
                            const LinkedSpans& spans) {
  if (spans.count == 0) return;
  const auto text = [&](const LinkedSpan& other) {
    return tr("%1, %2 at %3")
        .arg(qt(trace.strings()[other.span.name]), format_time(other.span.duration),
             format_position(other.span.start, 1000));
  };
  const auto link = [&](QStandardItem* item, const LinkedSpan& other) {
    item->setData(QVariant::fromValue(other.ref), kSpanRole);
    QStandardItem* value = item->parent() != nullptr ? item->parent()->child(item->row(), 1)
                                                     : invisibleRootItem()->child(item->row(), 1);
    value->setForeground(QApplication::palette().link());
    value->setToolTip(
        tr("%1\n%2\n%3. Click to go there.")
            .arg(text(other), QString::fromStdString(trace.path(other.ref.track)), tip));
  };
  if (spans.count == 1) {
    link(add(invisibleRootItem(), title, text(spans.read.front())), spans.read.front());
    return;
  }
  QStandardItem* group =
      add(invisibleRootItem(), title, tr("%1 spans").arg(format_count(spans.count)), tip);
  for (const LinkedSpan& other : spans.read)
    link(add(group, QString::fromStdString(trace.path(other.ref.track)), text(other)), other);
  if (spans.count > spans.read.size())
    add(group, QStringLiteral("…"),
        tr("%1 more").arg(format_count(spans.count - spans.read.size())));
}

void DetailsModel::addClass(const SpanDetails& details) {
  if (!details.analysis || !is_gpu_work(details.span.kind)) return;
  const Classification& classes = *details.analysis->classes;
  const ClassifiedName found = classes.of(details.span.kind, details.span.name);
  add(invisibleRootItem(), tr("Class"), class_label(found.span_class, found.waits));
  const auto& rules = classes.rules().rules;
  const auto index = static_cast<std::size_t>(found.rule);
  if (found.rule < 0 || index >= rules.size()) {
    add(invisibleRootItem(), tr("Rule"), tr("none matched"));
    return;
  }
  QStandardItem* rule =
      add(invisibleRootItem(), tr("Rule"),
          tr("%1: %2").arg(found.rule + 1).arg(QString::fromStdString(rules[index].pattern)),
          tr("The first rule whose pattern matches the name. Click to open it."));
  rule->setData(int{found.rule}, kRuleRole);
  invisibleRootItem()->child(rule->row(), 1)->setForeground(QApplication::palette().link());
}

void DetailsModel::addTimes(const Span& span) {
  const auto exact = [](TimeNs t) { return format_time_full(t); };
  add(invisibleRootItem(), tr("Start"), format_position(span.start, 1), exact(span.start));
  add(invisibleRootItem(), tr("Duration"), format_time(span.duration), exact(span.duration));
  add(invisibleRootItem(), tr("End"), format_position(span.end(), 1), exact(span.end()));
}

void DetailsModel::addLaunch(const Trace& trace, const Span& span) {
  if (span.launch == 0 || span.launch >= trace.launches().size()) return;
  const LaunchConfig& launch = trace.launches()[span.launch];
  QStandardItem* group =
      add(invisibleRootItem(), tr("Launch"),
          tr("%1 blocks of %2 threads")
              .arg(format_count(launch.blocks()), format_count(launch.threads())));
  add(group, tr("Grid"), dimensions(launch.grid));
  add(group, tr("Block"), dimensions(launch.block));
  if (launch.cluster[0] != 0) add(group, tr("Cluster"), dimensions(launch.cluster));
  add(group, tr("Registers per thread"), format_count(launch.registers_per_thread));
  add(group, tr("Shared memory per block"), format_bytes(launch.shared_memory),
      tr("%1 bytes, static and dynamic").arg(format_count(launch.shared_memory)));
}

void DetailsModel::addArguments(const std::string& text) {
  if (text.empty()) return;
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {  // shown as the file has it
    add(invisibleRootItem(), tr("Arguments"), QString::fromStdString(text));
    return;
  }
  add_json(invisibleRootItem(), tr("Arguments"), json, 0);
}

QString DetailsModel::toText() const {
  QString text;
  append_text(invisibleRootItem(), 0, text);
  return text;
}

}  // namespace moescope
