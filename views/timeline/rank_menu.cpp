#include "views/timeline/rank_menu.h"

#include <QActionGroup>
#include <QMenu>
#include <QSettings>

#include "views/common/action.h"
#include "views/common/tool_icon.h"

namespace moescope {
namespace {

constexpr auto kOrderKey = "timeline/rankOrder", kAlikeKey = "timeline/alikeRanks";

struct Choice {
  RankOrder order;
  const char *id, *text, *tip;
};
constexpr Choice kChoices[] = {
    {RankOrder::Number, "timeline.ranks_by_number",
     QT_TRANSLATE_NOOP("moescope::RankMenu", "Ranks by number"),
     QT_TRANSLATE_NOOP("moescope::RankMenu", "Show ranks in the order of their numbers")},
    {RankOrder::Exposed, "timeline.ranks_by_exposed",
     QT_TRANSLATE_NOOP("moescope::RankMenu", "Most exposed ranks first"),
     QT_TRANSLATE_NOOP("moescope::RankMenu",
                       "Show the ranks with the most exposed communication first, in what figures "
                       "are of now: trace, visible range or marked area")},
    {RankOrder::Compute, "timeline.ranks_by_compute",
     QT_TRANSLATE_NOOP("moescope::RankMenu", "Slowest ranks first"),
     QT_TRANSLATE_NOOP("moescope::RankMenu",
                       "Show the ranks that compute for the longest time first, in what figures "
                       "are of now: those that others wait for")},
};

}  // namespace

RankMenu::RankMenu(RankRows& ranks, QWidget& view, QWidget* parent) : QToolButton(parent) {
  setIcon(tool_icon("view-sort"));
  setToolTip(tr("Order of ranks, and whether those that are alike share a row"));
  setAccessibleName(tr("Order of ranks"));
  setPopupMode(QToolButton::InstantPopup);
  setAutoRaise(true);
  auto* menu = new QMenu(this);
  auto* orders = new QActionGroup(this);
  const int stored = QSettings().value(QLatin1String(kOrderKey), 0).toInt();
  for (const Choice& choice : kChoices) {
    QAction* action = add_command(&view, QLatin1String(choice.id), tr(choice.text), tr(choice.tip));
    action->setCheckable(true);
    orders->addAction(action);
    menu->addAction(action);
    action->setChecked(stored == static_cast<int>(choice.order));
    if (action->isChecked()) ranks.setOrder(choice.order);
    connect(action, &QAction::triggered, &ranks, [&ranks, order = choice.order] {
      ranks.setOrder(order);
      QSettings().setValue(QLatin1String(kOrderKey), static_cast<int>(order));
    });
  }
  menu->addSeparator();
  QAction* alike =
      add_command(&view, "timeline.alike_ranks", tr("Ranks alike in one row"),
                  tr("Ranks whose compute and exposed communication differ by at most %1 % of the "
                     "time share a row, which shows the first of them and unfolds")
                      .arg(RankRows::kAlikePercent));
  alike->setCheckable(true);
  alike->setChecked(QSettings().value(QLatin1String(kAlikeKey), false).toBool());
  ranks.setGrouped(alike->isChecked());
  connect(alike, &QAction::toggled, &ranks, [&ranks](bool on) {
    ranks.setGrouped(on);
    QSettings().setValue(QLatin1String(kAlikeKey), on);
  });
  menu->addAction(alike);
  setMenu(menu);
}

}  // namespace moescope
