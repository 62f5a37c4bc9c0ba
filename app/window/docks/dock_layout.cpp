#include "app/window/docks/dock_layout.h"

#include <QGuiApplication>
#include <QInputDialog>
#include <QTimer>
#include <QVBoxLayout>
#include <numeric>

#include "app/window/docks/dock_presets.h"
#include "app/window/docks/wide_area.h"
#include "views/common/action.h"
#include "views/common/destructive_action.h"

namespace moescope {
namespace {
constexpr int kLeftWidth = 232, kClusterWidth = 380, kRightWidth = 480;
constexpr int kSidesShare = 55;                          // of the window at most, %
constexpr int kHoldMs = 100;                             // until the first layout is done
constexpr int kLegendShare = 38, kStatisticsShare = 50;  // of the column, %

int left_width(const QDockWidget& dock, int window) {
  return dock.objectName() == "dock.cluster" ? std::min(kClusterWidth, window * 30 / 100)
                                             : std::min(kLeftWidth, window * 18 / 100);
}

}  // namespace

QWidget* panel_of(const QDockWidget& dock) {
  const auto* area = qobject_cast<QScrollArea*>(dock.widget());
  return area != nullptr ? area->widget() : dock.widget();
}

DockLayout::DockLayout(QMainWindow& window, Session& session, QObject* parent)
    : QObject(parent), window_(window), session_(session) {
  window_.setDockOptions(QMainWindow::AnimatedDocks | QMainWindow::AllowNestedDocks |
                         QMainWindow::AllowTabbedDocks);
  for (const auto corner : {Qt::TopLeftCorner, Qt::BottomLeftCorner})
    window_.setCorner(corner, Qt::LeftDockWidgetArea);
  for (const auto corner : {Qt::TopRightCorner, Qt::BottomRightCorner})
    window_.setCorner(corner, Qt::RightDockWidgetArea);
  window_.installEventFilter(this);
  window_.setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
}

void DockLayout::setStartPage(QWidget* page) {
  start_ = page;
  auto* centre = new QWidget;
  auto* box = new QVBoxLayout(centre);
  box->setContentsMargins(0, 0, 0, 0);
  box->addWidget(page);
  window_.setCentralWidget(centre);
}

QDockWidget* DockLayout::add(QWidget* panel, const QString& id, const QString& title,
                             Qt::DockWidgetArea area, bool tabbed) {
  auto* dock = new QDockWidget(title, &window_);
  dock->setObjectName("dock." + id);
  // Panels that are called otherwise for some traces.
  connect(panel, &QWidget::windowTitleChanged, dock, &QWidget::setWindowTitle);
  dock->setAccessibleName(title);
  // Otherwise the largest one, also behind other tabs, would set how small the window can be.
  dock->setWidget(tabbed ? new WideArea(panel) : panel);
  dock->toggleViewAction()->setToolTip(tr("Show or hide %1").arg(title));
  docks_ << dock;
  QAction* go = make_action(this, "go." + id, title, tr("Bring %1 to the front").arg(title));
  connect(panel, &QWidget::windowTitleChanged, go, &QAction::setText);
  connect(go, &QAction::triggered, this, [this, id] { reveal(id); });
  go->setEnabled(false);
  go_actions_ << go;
  places_ << Place{dock, area, tabbed};
  dock->installEventFilter(this);
  window_.addDockWidget(area, dock);
  dock->hide();
  return dock;
}

QDockWidget* DockLayout::dock(const QString& id) const {
  for (QDockWidget* dock : docks_)
    if (dock->objectName() == "dock." + id) return dock;
  return nullptr;
}

void DockLayout::reveal(const QString& id) {
  QDockWidget* found = dock(id);
  if (found == nullptr || workspace_ == Workspace::Start) return;
  found->show();
  found->raise();
  panel_of(*found)->setFocus(Qt::ShortcutFocusReason);
}

QString DockLayout::stateKey() const {
  return workspace_ == Workspace::Loads ? QStringLiteral("window/docksOfLoads")
                                        : QStringLiteral("window/docks");
}

void DockLayout::setWorkspace(Workspace workspace) {
  if (workspace == workspace_) return;
  save();
  workspace_ = workspace;
  showStart(workspace == Workspace::Start);
  for (QAction* go : go_actions_) go->setEnabled(workspace != Workspace::Start);
  for (QDockWidget* dock : docks_) dock->hide();
  if (workspace == Workspace::Start) return;
  const QByteArray state = session_.value(stateKey());
  if (state.isEmpty() || !window_.restoreState(state)) arrange_docks(*this, DockPreset::Analyse);
}

/// A window without a central widget shares the width among its columns by size hints; beside an
/// empty one the side columns keep the width they were given.
void DockLayout::showStart(bool shown) {
  start_->setVisible(shown);
  window_.centralWidget()->setMaximumHeight(shown ? QWIDGETSIZE_MAX : 0);
}

void DockLayout::arrange() {
  if (workspace_ == Workspace::Start) return;
  QMap<int, QDockWidget*> tabs;  // first tabbed dock of an area
  for (const Place& place : places_) {
    if (!shown(place)) {
      place.dock->hide();
      continue;
    }
    place.dock->setFloating(false);
    window_.removeDockWidget(place.dock);
    window_.addDockWidget(place.area, place.dock);
    QDockWidget*& first = tabs[place.area];
    if (place.tabbed && first != nullptr) window_.tabifyDockWidget(first, place.dock);
    if (place.tabbed && first == nullptr) first = place.dock;
    place.dock->show();
  }
  for (QDockWidget* first : tabs)
    if (first != nullptr) first->raise();
  const int width = window_.width(), height = window_.height();
  const int right = std::min(kRightWidth, width * 31 / 100);
  QList<QDockWidget*> rows;
  QList<int> heights;
  for (const Place& place : places_) {
    if (!shown(place)) continue;
    const bool left_side = place.area == Qt::LeftDockWidgetArea;
    if (left_side || place.area == Qt::RightDockWidgetArea)
      holdWidth(*place.dock, left_side ? left_width(*place.dock, width) : right);
    int share = 46;  // above and below alike
    if (left_side) share = place.dock == dock("legend") ? kLegendShare : 100 - kLegendShare;
    if (place.area == Qt::RightDockWidgetArea)
      share = place.dock == dock("statistics") ? kStatisticsShare : 100 - kStatisticsShare;
    rows << place.dock;
    heights << height * share / 100;
  }
  window_.resizeDocks(rows, heights, Qt::Vertical);
}

/// The first layout of a window without a central widget overrules resizeDocks() by size hints: a
/// dock of one width cannot be, and the user may change it as soon as that is done.
void DockLayout::holdWidth(QDockWidget& dock, int width) {
  side_widths_[&dock] = width;
  settled_width_ = window_.width();
  dock.setFixedWidth(width);
  QTimer::singleShot(kHoldMs, &dock, [this, &dock] {
    dock.setMinimumWidth(0);
    dock.setMaximumWidth(QWIDGETSIZE_MAX);
    restoreSides();
  });
}

bool DockLayout::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::Resize) return false;
  if (watched == &window_) {
    QTimer::singleShot(0, this, &DockLayout::restoreSides);
  } else if (auto* dock = qobject_cast<QDockWidget*>(watched);
             window_.width() == settled_width_ && side_widths_.contains(dock) &&
             QGuiApplication::mouseButtons() != Qt::NoButton) {
    side_widths_[dock] = dock->width();  // by the user
  }
  return false;
}

/// What a window gains or loses in width is the timeline's, not the side columns', unless these
/// would have most of a narrow one.
void DockLayout::restoreSides() {
  settled_width_ = window_.width();
  QList<QDockWidget*> docks;
  QList<int> widths;
  QMap<Qt::DockWidgetArea, int> columns;
  for (auto it = side_widths_.begin(); it != side_widths_.end(); ++it) {
    if (it.key()->isFloating() || !it.key()->isVisible()) continue;
    docks << it.key();
    widths << it.value();
    int& column = columns[window_.dockWidgetArea(it.key())];
    column = std::max(column, it.value());
  }
  const int room = settled_width_ * kSidesShare / 100;
  const int wanted = std::accumulate(columns.begin(), columns.end(), 0);
  if (wanted > room)
    for (int& width : widths) width = width * room / wanted;
  window_.resizeDocks(docks, widths, Qt::Horizontal);
}

void DockLayout::arrangeOnly(const QStringList& ids) {
  arrange();
  for (QDockWidget* dock : docks_)
    if (!ids.contains(dock->objectName().mid(5))) dock->hide();
  if (!ids.isEmpty()) reveal(ids.front());
}

void DockLayout::fillMenu(QMenu& view) {
  for (QDockWidget* dock : docks_) view.addAction(dock->toggleViewAction());
  view.addSeparator();
  auto* layouts = view.addMenu(tr("&Layouts"));
  fillLayouts(*layouts);
  connect(&session_, &Session::layoutsChanged, layouts, [this, layouts] { fillLayouts(*layouts); });
}

void DockLayout::fillLayouts(QMenu& menu) {
  menu.clear();
  QAction* analyse =
      menu.addAction(tr("&Analyse"), this, [this] { arrange_docks(*this, DockPreset::Analyse); });
  analyse->setToolTip(tr("The arrangement of docks for reading a trace"));
  QAction* live =
      menu.addAction(tr("&Live"), this, [this] { arrange_docks(*this, DockPreset::Live); });
  live->setToolTip(tr("The arrangement of docks for watching a runtime"));
  QAction* plan =
      menu.addAction(tr("&Plan"), this, [this] { arrange_docks(*this, DockPreset::Plan); });
  plan->setToolTip(tr("The arrangement of docks for making a placement plan"));
  QAction* compare =
      menu.addAction(tr("&Compare"), this, [this] { arrange_docks(*this, DockPreset::Compare); });
  compare->setToolTip(tr("The plan on the board beside the one before, and their balance"));
  const QStringList names = session_.layoutNames();
  if (!names.isEmpty()) menu.addSeparator();
  for (const QString& name : names)
    menu.addAction(name, this, [this, name] {
      if (workspace_ != Workspace::Start) window_.restoreState(session_.layout(name));
    });
  menu.addSeparator();
  menu.addAction(tr("&Save layout as…"), this, &DockLayout::saveAs);
  if (names.isEmpty()) return;
  auto* remove = menu.addMenu(tr("&Remove layout"));
  for (const QString& name : names)
    mark_destructive(remove->addAction(
        name, this, [this, name] { session_.removeLayout(name); }, Qt::QueuedConnection));
}

void DockLayout::saveAs() {
  const QString name =
      QInputDialog::getText(&window_, tr("Save layout"), tr("Name of the layout")).trimmed();
  if (!name.isEmpty()) session_.setLayout(name, window_.saveState());
}

void DockLayout::save() {
  if (workspace_ != Workspace::Start) session_.setValue(stateKey(), window_.saveState());
}

}  // namespace moescope
