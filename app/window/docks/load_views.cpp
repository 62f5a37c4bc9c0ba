#include "app/window/docks/load_views.h"

#include <QFileInfo>

#include "views/balance/balance_view.h"
#include "views/common/units.h"
#include "views/load/load_view.h"

namespace moescope {

void add_load_views(DockLayout& layout, LoadDocument& loads) {
  layout.add(new LoadView(loads), "load", DockLayout::tr("Expert load"), Qt::BottomDockWidgetArea,
             true);
  layout.add(new BalanceView(loads), "balance", DockLayout::tr("Balance"), Qt::BottomDockWidgetArea,
             true);
  layout.needTrace({"tree", "legend", "timeline", "sm", "overlap", "find", "rules", "notes",
                    "details", "statistics"});
}

QString describe_loads(const LoadDocument& loads) {
  QStringList parts;
  const auto name = [](const std::string& source) {
    return QFileInfo(QString::fromStdString(source)).fileName();
  };
  if (const LoadsPtr& set = loads.loads())
    parts << DockLayout::tr("%1    %2 windows    %3 layers    %4 experts    %5")
                 .arg(name(set->source), format_count(set->windows.size()))
                 .arg(set->layers())
                 .arg(set->experts)
                 .arg(QString::fromStdString(set->format));
  if (const BalanceLogPtr& log = loads.balanceLog())
    parts
        << DockLayout::tr("%1    %2 balance series").arg(name(log->source)).arg(log->series.size());
  if (const WaitLogPtr& log = loads.waitLog()) {
    const auto count = log->matrices.size();
    parts << QStringLiteral("%1    %2")
                 .arg(name(log->source), count == 1
                                             ? DockLayout::tr("one wait matrix")
                                             : DockLayout::tr("%1 wait matrices").arg(count));
  }
  return parts.join(QStringLiteral("    "));
}

}  // namespace moescope
