#include "app/window/menus.h"

#include <QCoreApplication>

namespace moescope {
namespace {

struct MenuRow {
  const char* title;
  QStringList ids;  ///< "-" is a separator, "@name" a part that changes while the program runs
};

const QList<MenuRow>& menu_table() {
  static const QList<MenuRow> table = {
      {QT_TRANSLATE_NOOP("moescope::MainWindow", "&File"),
       {"file.open", "file.open_folder", "@recent", "file.compare", "-", "file.save_as",
        "file.export", "file.copy_picture", "file.export_chrome", "file.report", "-", "file.close",
        "file.quit"}},
      {QT_TRANSLATE_NOOP("moescope::MainWindow", "&Edit"),
       {"edit.undo", "edit.redo", "-", "edit.add_note", "-", "edit.find", "edit.find_next",
        "edit.find_previous", "edit.go_to_step", "edit.go_to_layer", "edit.next_layer",
        "edit.previous_layer", "-", "edit.clear_selection"}},
      {QT_TRANSLATE_NOOP("moescope::MainWindow", "&View"),
       {"range.back", "range.forward", "range.fit", "-", "@docks", "-", "layout.drawer", "@layouts",
        "@themes", "@text_sizes"}},
      {QT_TRANSLATE_NOOP("moescope::MainWindow", "&Plan"),
       {"plan.new", "plan.open", "plan.import", "-", "plan.save", "plan.save_as", "plan.export",
        "plan.close", "-", "plan.resplit", "plan.migrate", "plan.solve", "-", "plan.compare"}},
      {QT_TRANSLATE_NOOP("moescope::MainWindow", "&Live"),
       {"live.record", "live.attach", "live.stop", "-", "live.follow", "-", "live.apply",
        "live.roll_back"}},
      {QT_TRANSLATE_NOOP("moescope::MainWindow", "&Help"),
       {"help.palette", "help.guide", "help.keys", "help.message", "-", "help.about"}},
  };
  return table;
}

}  // namespace

QList<QPair<QString, QString>> tool_bar_table() {
  return {{"file.open", "document-open"},
          {"live.record", "media-record"},
          {"live.attach", "network-connect"},
          {"live.stop", "media-playback-stop"},
          {"live.follow", "media-seek-forward"}};
}

void build_menus(QMenuBar& bar, const ActionRegistry& actions, const ActionRegistry::Parts& parts) {
  for (const MenuRow& row : menu_table())
    actions.fill(*bar.addMenu(QCoreApplication::translate("moescope::MainWindow", row.title)),
                 row.ids, parts);
}

}  // namespace moescope
