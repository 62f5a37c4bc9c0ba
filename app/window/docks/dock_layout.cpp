#include "app/window/docks/dock_layout.h"

#include <QGuiApplication>
#include <QInputDialog>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>
#include <numeric>

#include "app/window/docks/wide_area.h"
#include "views/common/action.h"
#include "views/common/destructive_action.h"

namespace moescope {
namespace {
constexpr int kSidesShare = 55;   // of the window at most, %
constexpr int kBesideShare = 45;  // of the window, of views left of others, %
constexpr int kHoldMs = 100;      // until the first layout is done
constexpr int kNarrow = 1400;     // px of the window, below which side docks lie over the others
constexpr int kNarrowText = 18;   // px of a line of text up to which that holds
constexpr int kDrawerShare = 42;  // of a narrow window for the views below the timeline, %
constexpr auto kDockPrefix = "dock.";

bool is_side(Qt::DockWidgetArea area) {
  return area == Qt::LeftDockWidgetArea || area == Qt::RightDockWidgetArea;
}

/// The user is about to work in its front view, so that has the keyboard.
bool is_for_work(Preset preset) {
  return preset == Preset::Plan || preset == Preset::Compare;
}

bool is_tabbed(const ViewSpec& view) {
  return view.area == Qt::BottomDockWidgetArea;
}

}  // namespace

QWidget* panel_of(const QDockWidget& dock) {
  const auto* area = qobject_cast<QScrollArea*>(dock.widget());
  return area != nullptr ? area->widget() : dock.widget();
}

DockLayout::DockLayout(QMainWindow& window, Session& session, QObject* parent)
    : QObject(parent), window_(window), session_(session), overlays_(window, this) {
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

void DockLayout::addViews(std::vector<ViewSpec> views, Workspace& workspace) {
  for (ViewSpec& view : views) add(std::move(view), workspace);
  addPresets();
}

void DockLayout::removeViews() {
  overlays_.clear();
  qDeleteAll(docks_);
  docks_.clear();
  places_.clear();
  side_widths_.clear();
}

void DockLayout::add(ViewSpec view, Workspace& workspace) {
  QWidget* panel = view.make(workspace);
  auto* dock = new QDockWidget(view.title, &window_);
  dock->setObjectName(kDockPrefix + view.id);
  // Panels whose title depends on the trace.
  connect(panel, &QWidget::windowTitleChanged, dock, &QWidget::setWindowTitle);
  dock->setAccessibleName(view.title);
  // Otherwise the largest one, also behind other tabs, would set how small the window can be.
  dock->setWidget(is_tabbed(view) ? new WideArea(panel) : panel);
  dock->toggleViewAction()->setToolTip(tr("Show or hide %1").arg(view.title));
  dock->installEventFilter(this);
  window_.addDockWidget(view.area, dock);
  dock->hide();
  if (view.over_when_narrow) overlays_.add(*dock, view.area);
  if (view.without_files)
    connect(dock, &QDockWidget::visibilityChanged, this, [this, dock] {
      if (content_ == Content::Nothing) showStart(dock->isHidden());
    });
  docks_ << dock;
  places_.push_back({dock, std::move(view)});
  addGo(places_.back());
}

void DockLayout::addGo(const Place& place) {
  QAction* go = make_action(this, "go." + place.view.id, place.view.title,
                            tr("Bring %1 to the front").arg(place.view.title));
  connect(panel_of(*place.dock), &QWidget::windowTitleChanged, go, &QAction::setText);
  connect(go, &QAction::triggered, this, [this, id = place.view.id] { reveal(id); });
  go->setEnabled(place.view.without_files);
  go_actions_ << go;
}

void DockLayout::addPresets() {
  const auto add_preset = [this](Preset preset, const QString& id, const QString& text,
                                 const QString& tip) {
    QAction* action = make_action(this, "layout." + id, text, tip);
    connect(action, &QAction::triggered, this, [this, preset] { arrange(preset); });
    preset_actions_ << action;
  };
  add_preset(Preset::Analyse, "analyse", tr("&Analyse"),
             tr("The arrangement of docks for reading a trace"));
  add_preset(Preset::Live, "live", tr("&Live"),
             tr("The arrangement of docks for watching a runtime"));
  add_preset(Preset::Plan, "plan", tr("&Plan"),
             tr("The arrangement of docks for making a placement plan"));
  add_preset(Preset::Compare, "compare", tr("&Compare"),
             tr("The plan on the board beside the one before, and their balance"));
  make_action(this, "layout.drawer", tr("Views &below the timeline"),
              tr("Hide the views below the timeline, or show them again"),
              {QKeySequence("Ctrl+Alt+J")}, [this] { toggleDrawer(); });
}

QDockWidget* DockLayout::dock(const QString& id) const {
  for (QDockWidget* dock : docks_)
    if (idOf(*dock) == id) return dock;
  return nullptr;
}

QString DockLayout::idOf(const QDockWidget& dock) {
  return dock.objectName().mid(static_cast<qsizetype>(qstrlen(kDockPrefix)));
}

void DockLayout::reveal(const QString& id) {
  QDockWidget* found = dock(id);
  if (found == nullptr || !canShow(*found)) return;
  found->show();
  found->raise();
  panel_of(*found)->setFocus(Qt::ShortcutFocusReason);
}

bool DockLayout::canShow(const QDockWidget& dock) const {
  return content_ != Content::Nothing ||
         std::any_of(places_.begin(), places_.end(), [&dock](const Place& place) {
           return place.dock == &dock && place.view.without_files;
         });
}

QString DockLayout::stateKey() const {
  return content_ == Content::Loads ? QStringLiteral("window/docksOfLoads")
                                    : QStringLiteral("window/docks");
}

void DockLayout::setContent(Content content) {
  if (content == content_) return;
  save();
  content_ = content;
  const bool nothing = content == Content::Nothing;
  showStart(nothing);
  overlays_.settle();
  inspector_came_ = false;
  for (qsizetype i = 0; i < docks_.size(); ++i) {
    docks_[i]->hide();
    go_actions_[i]->setEnabled(canShow(*docks_[i]));
  }
  if (nothing) return;
  const QByteArray state = session_.value(stateKey());
  if (state.isEmpty())
    arrange(Preset::Analyse);
  else
    restore(state);
}

/// States know nothing of overlays: they are made, and restored, with all docks in their places.
void DockLayout::restore(const QByteArray& state) {
  overlays_.settle();
  if (!window_.restoreState(state)) return arrange(Preset::Analyse);
  followWidth();
}

/// Large text needs more room.
bool DockLayout::tooNarrow() const {
  const int line = std::max(window_.fontMetrics().height(), kNarrowText);
  return window_.width() < kNarrow * line / kNarrowText;
}

void DockLayout::followWidth() {
  const bool narrow = content_ != Content::Nothing && tooNarrow();
  if (narrow == overlays_.on()) return;
  if (narrow)
    overlays_.lift();
  else
    overlays_.settle();
}

void DockLayout::showSelection(bool something) {
  QDockWidget* inspector = dock("details");
  if (!overlays_.on() || inspector == nullptr || !overlays_.has(*inspector)) return;
  if (something == inspector_came_) return;  // once: somebody who closes it wants it closed
  inspector_came_ = something;
  inspector->setVisible(something);
}

void DockLayout::toggleDrawer() {
  QList<QPointer<QDockWidget>> shown;
  for (QDockWidget* dock : docks_)
    if (window_.dockWidgetArea(dock) == Qt::BottomDockWidgetArea && !dock->isHidden() &&
        !dock->isFloating())
      shown << dock;
  if (shown.isEmpty()) {
    for (const QPointer<QDockWidget>& dock : drawer_)
      if (dock) dock->show();
    if (drawer_front_) drawer_front_->raise();
    return;
  }
  drawer_ = shown;
  for (const QPointer<QDockWidget>& dock : shown)
    if (!dock->visibleRegion().isEmpty()) drawer_front_ = dock;
  for (const QPointer<QDockWidget>& dock : shown) dock->hide();
}

/// A window without a central widget shares the width among its columns by size hints; beside an
/// empty one the side columns keep the width they were given.
void DockLayout::showStart(bool shown) {
  start_->setVisible(shown);
  window_.centralWidget()->setMaximumHeight(shown ? QWIDGETSIZE_MAX : 0);
}

void DockLayout::arrange(Preset preset) {
  if (content_ == Content::Nothing) return;
  overlays_.settle();
  placeAll(preset);
  sizeAll();
  // Hidden ones have their places too, for when they are shown.
  for (const Place& place : places_)
    if (!place.view.shown_in.testFlag(preset)) place.dock->hide();
  for (const Place& place : places_)
    if (place.view.front_in.testFlag(preset) && !place.dock->isHidden())
      is_for_work(preset) ? reveal(place.view.id) : place.dock->raise();
  followWidth();
  shareWidth(preset);
  // The first layout of docks that were just placed goes by size hints instead.
  QTimer::singleShot(0, this, [this, preset] { shareWidth(preset); });
  if (preset == Preset::Compare) Q_EMIT comparisonWanted();
}

/// Of views that stand side by side.
void DockLayout::shareWidth(Preset preset) {
  QList<QDockWidget*> docks;
  QList<int> widths;
  for (const Place& place : places_) {
    if (place.dock->isHidden() || !is_tabbed(place.view)) continue;
    const bool beside = place.view.beside_in.testFlag(preset);
    if (!beside && !place.view.front_in.testFlag(preset)) continue;
    docks << place.dock;
    widths << window_.width() * (beside ? kBesideShare : 100 - kBesideShare) / 100;
  }
  if (docks.size() > 1) window_.resizeDocks(docks, widths, Qt::Horizontal);
}

/// Every dock that has something to show where its view stands, the first tab of an area in front.
void DockLayout::placeAll(Preset preset) {
  // First tabbed dock of an area, and of the tabs left of these.
  QMap<int, QDockWidget*> tabs, beside;
  const auto place_dock = [this](const Place& place, QMap<int, QDockWidget*>& group) {
    place.dock->setFloating(false);
    window_.removeDockWidget(place.dock);
    window_.addDockWidget(place.view.area, place.dock);
    if (is_tabbed(place.view)) {
      QDockWidget*& first = group[place.view.area];
      if (first != nullptr) window_.tabifyDockWidget(first, place.dock);
      if (first == nullptr) first = place.dock;
    }
    place.dock->show();
  };
  for (const Place& place : places_) {
    if (!hasContent(place))
      place.dock->hide();
    else if (place.view.beside_in.testFlag(preset))
      place_dock(place, beside);
  }
  for (const Place& place : places_)
    if (hasContent(place) && !place.view.beside_in.testFlag(preset)) place_dock(place, tabs);
  for (const auto& group : {tabs, beside})
    for (QDockWidget* first : group) first->raise();
}

int DockLayout::heightShare(const ViewSpec& view) const {
  if (!tooNarrow() || is_side(view.area)) return view.height_share;
  return is_tabbed(view) ? kDrawerShare : 100 - kDrawerShare;
}

void DockLayout::sizeAll() {
  QList<QDockWidget*> rows;
  QList<int> heights;
  for (const Place& place : places_) {
    if (!hasContent(place)) continue;
    if (is_side(place.view.area))
      holdWidth(*place.dock,
                std::min(place.view.width, window_.width() * place.view.width_share / 100));
    rows << place.dock;
    heights << window_.height() * heightShare(place.view) / 100;
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
    QTimer::singleShot(0, this, &DockLayout::followWidth);
    QTimer::singleShot(0, this, &DockLayout::restoreSides);
  } else if (auto* dock = qobject_cast<QDockWidget*>(watched);
             window_.width() == settled_width_ && side_widths_.contains(dock) &&
             QGuiApplication::mouseButtons() != Qt::NoButton) {
    side_widths_[dock] = dock->width();  // by the user
  }
  return false;
}

/// Changes of the window's width affect the timeline, not the side columns, unless these would take
/// most of a narrow window.
void DockLayout::restoreSides() {
  settled_width_ = window_.width();
  QList<QDockWidget*> docks;
  QList<int> widths;
  QMap<Qt::DockWidgetArea, int> columns;
  for (auto it = side_widths_.begin(); it != side_widths_.end(); ++it) {
    if (it.key()->isFloating() || !it.key()->isVisible() || overlays_.has(*it.key())) continue;
    docks << it.key();
    widths << it.value();
    int& column = columns[window_.dockWidgetArea(it.key())];
    column = std::max(column, it.value());
  }
  const int room = settled_width_ * kSidesShare / 100;
  const int wanted = std::accumulate(columns.begin(), columns.end(), 0);
  if (wanted > std::max(room, 0))
    for (int& width : widths) width = width * room / wanted;
  window_.resizeDocks(docks, widths, Qt::Horizontal);
}

void DockLayout::fillDocks(QMenu& menu) const {
  for (QDockWidget* dock : docks_) menu.addAction(dock->toggleViewAction());
}

void DockLayout::fillLayouts(QMenu& menu) {
  refillLayouts(menu);
  connect(&session_, &Session::layoutsChanged, &menu, [this, &menu] { refillLayouts(menu); });
}

void DockLayout::refillLayouts(QMenu& menu) {
  menu.clear();
  menu.addActions(preset_actions_);
  const QStringList names = session_.layoutNames();
  if (!names.isEmpty()) menu.addSeparator();
  for (const QString& name : names)
    menu.addAction(name, this, [this, name] {
      if (content_ != Content::Nothing) restore(session_.layout(name));
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
  if (!name.isEmpty()) session_.setLayout(name, stateNow());
}

QByteArray DockLayout::stateNow() {
  const bool lifted = overlays_.on();
  overlays_.settle();
  QByteArray state = window_.saveState();
  if (lifted) overlays_.lift();
  return state;
}

void DockLayout::save() {
  if (content_ != Content::Nothing) session_.setValue(stateKey(), stateNow());
}

}  // namespace moescope
