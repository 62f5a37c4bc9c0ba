// What the box of the tool bar leads to: hits and their list, steps, layers, SQL and commands.
#pragma once

#include <QObject>

#include "app/window/docks/dock_layout.h"
#include "app/window/session/user_message.h"
#include "views/shell/command_list.h"
#include "views/shell/omnibox.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/layer_navigator.h"

namespace moescope {

class FindPanel;

class Search : public QObject {
  Q_OBJECT

 public:
  /// @pre the docks have their views
  Search(Omnibox& box, DockLayout& layout, TraceDocument& document, Selection& selection,
         QObject* parent);
  void setCommands(std::function<CommandList()> commands) { box_.setCommands(std::move(commands)); }
  void showCommands() { box_.begin(QStringLiteral(">")); }

 Q_SIGNALS:
  void message(const moescope::UserMessage& message);

 private:
  void addActions();
  void goToStep(quint64 number);
  void query(const QString& sql);

  Omnibox& box_;
  DockLayout& layout_;
  TraceDocument& document_;
  FindPanel& find_;
  LayerNavigator layers_;
};

}  // namespace moescope
