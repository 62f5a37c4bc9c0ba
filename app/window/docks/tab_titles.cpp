#include "app/window/docks/tab_titles.h"

#include <QMenu>
#include <QTabBar>
#include <algorithm>

namespace moescope {
namespace {

/// Takes the place of a title bar and no room.
class NoTitle : public QWidget {
 public:
  using QWidget::QWidget;
  QSize sizeHint() const override { return {0, 0}; }
  QSize minimumSizeHint() const override { return {0, 0}; }
};

}  // namespace

TabTitles::TabTitles(QMainWindow& window, QObject* parent) : QObject(parent), window_(window) {
  soon_.setSingleShot(true);
  soon_.setInterval(0);
  connect(&soon_, &QTimer::timeout, this, &TabTitles::refresh);
}

void TabTitles::add(QDockWidget& dock) {
  docks_ << &dock;
  const auto later = [this] { soon_.start(); };
  connect(&dock, &QDockWidget::dockLocationChanged, this, later);
  connect(&dock, &QDockWidget::topLevelChanged, this, later);
  connect(&dock, &QDockWidget::visibilityChanged, this, later);
  connect(&dock, &QObject::destroyed, this, [this, gone = &dock] { docks_.removeAll(gone); });
}

void TabTitles::refresh() {
  for (QDockWidget* dock : docks_) {
    const auto others = window_.tabifiedDockWidgets(dock);
    const bool tabbed =
        !dock->isFloating() && std::any_of(others.begin(), others.end(),
                                           [](const QDockWidget* one) { return !one->isHidden(); });
    QWidget* title = dock->titleBarWidget();
    if (tabbed == (dynamic_cast<NoTitle*>(title) != nullptr)) continue;
    dock->setTitleBarWidget(tabbed ? new NoTitle(dock) : nullptr);
    delete title;
  }
  for (auto* tabs : window_.findChildren<QTabBar*>(QString(), Qt::FindDirectChildrenOnly))
    adopt(*tabs);
}

void TabTitles::adopt(QTabBar& tabs) {
  if (tabs.contextMenuPolicy() == Qt::CustomContextMenu) return;
  tabs.setContextMenuPolicy(Qt::CustomContextMenu);
  connect(&tabs, &QWidget::customContextMenuRequested, this,
          [this, &tabs](QPoint at) { showMenu(tabs, at); });
}

void TabTitles::showMenu(QTabBar& tabs, QPoint at) {
  const QString title = tabs.tabText(tabs.tabAt(at));
  const auto found = std::find_if(docks_.begin(), docks_.end(), [&title](const QDockWidget* dock) {
    return !dock->isHidden() && dock->windowTitle() == title;
  });
  if (title.isEmpty() || found == docks_.end()) return;
  auto* menu = new QMenu(&window_);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  QDockWidget* dock = *found;
  menu->addAction(tr("Float %1").arg(title), dock, [dock] { dock->setFloating(true); });
  menu->addAction(tr("Hide %1").arg(title), dock, [dock] { dock->hide(); });
  menu->popup(tabs.mapToGlobal(at));
}

}  // namespace moescope
