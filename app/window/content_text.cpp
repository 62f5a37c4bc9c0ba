#include "app/window/content_text.h"

#include <QCoreApplication>
#include <QFileInfo>

#include "views/common/units.h"

namespace moescope {
namespace {

struct Text {
  Q_DECLARE_TR_FUNCTIONS(ContentText)
};
constexpr auto kBetween = QLatin1String("    ");

QString file_name(const std::string& source) {
  return QFileInfo(QString::fromStdString(source)).fileName();
}

QString title_of(const QString& name) {
  return Text::tr("%1[*] - MoEscope").arg(name);
}

ContentText trace_text(const TraceDocument& document) {
  const Trace& trace = *document.trace();
  const QStringList& files = document.files();
  const QString name = files.size() == 1 ? QFileInfo(files.front()).fileName()
                                         : Text::tr("%1 files").arg(files.size());
  QStringList parts{name};
  // A recording has spans alone; a file of a profiler has events that become spans or do not.
  if (trace.info().events > 0)
    parts << counted(trace.info().events, Text::tr("event"), Text::tr("events"));
  parts << counted(trace.span_count(), Text::tr("span"), Text::tr("spans"))
        << counted(trace.tracks().size(), Text::tr("track"), Text::tr("tracks"))
        << format_time(trace.range().length());
  return {title_of(name), parts.join(kBetween), files.join(QLatin1Char('\n'))};
}

ContentText loads_text(const LoadDocument& loads) {
  QStringList parts;
  if (const LoadsPtr& set = loads.loads())
    parts << file_name(set->source)
          << counted(set->windows.size(), Text::tr("window"), Text::tr("windows"))
          << counted(static_cast<quint64>(set->layers()), Text::tr("layer"), Text::tr("layers"))
          << counted(static_cast<quint64>(set->experts), Text::tr("expert"), Text::tr("experts"))
          << QString::fromStdString(set->format);
  if (const BalanceLogPtr& log = loads.balanceLog())
    parts << file_name(log->source)
          << counted(log->series.size(), Text::tr("balance series"), Text::tr("balance series"));
  if (const WaitLogPtr& log = loads.waitLog()) {
    parts << file_name(log->source)
          << counted(log->matrices.size(), Text::tr("wait matrix"), Text::tr("wait matrices"));
  }
  return {title_of(parts.front()), parts.join(kBetween), loads.files().join(QLatin1Char('\n'))};
}

/// What is open beside a trace and is not of its file.
void add_others(Workspace& workspace, ContentText& text) {
  const LoadDocument& loads = workspace.loads();
  QStringList names;
  for (const QString& file : loads.files())
    if (!workspace.trace().files().contains(file)) names << file;
  if (!names.isEmpty()) {
    const QString first = QFileInfo(names.front()).fileName();
    text.status +=
        kBetween + (names.size() == 1
                        ? Text::tr("loads: %1").arg(first)
                        : Text::tr("loads: %1 + %2 more").arg(first).arg(names.size() - 1));
    text.files += QLatin1Char('\n') + names.join(QLatin1Char('\n'));
  }
  if (const PlanDocument& plan = workspace.plan(); !plan.empty())
    text.status += kBetween + Text::tr("plan: %1").arg(plan.title());
}

}  // namespace

ContentText content_text(Workspace& workspace) {
  if (workspace.trace().trace()) {
    ContentText text = trace_text(workspace.trace());
    add_others(workspace, text);
    return text;
  }
  if (!workspace.loads().empty()) return loads_text(workspace.loads());
  if (const PlanDocument& plan = workspace.plan(); !plan.empty())
    return {title_of(plan.name()), plan.name(), plan.file()};
  return {Text::tr("MoEscope"), Text::tr("No trace open"), {}};
}

}  // namespace moescope
