// Every command of the window by its id. Menus, tool bar, palette, key sheet and guide are made
// from this, so that a command that is not here cannot be reached.
#pragma once

#include <QAction>
#include <QMap>
#include <QMenu>
#include <QStringList>

#include "views/shell/command_list.h"

namespace moescope {

/// True for "area.what_it_does": lower-case words with underscores, one dot.
bool is_action_id(const QString& id);

class ActionRegistry {
 public:
  /// Registers the actions that `owner` made for itself (make_action with it as the parent), in the
  /// order in which they were made. Those without an id are not commands.
  void addOf(const QObject& owner);
  /// Null when there is none of this id.
  QAction* find(const QString& id) const;
  /// Runs it when it can run now.
  void trigger(const QString& id) const;
  /// Ids in the order of registration.
  const QStringList& ids() const { return ids_; }

  /// Fills `menu` with the actions of these ids; "-" is a separator. "@name" is filled by the part
  /// of that name. @pre all of them are known
  using Parts = QMap<QString, std::function<void(QMenu&)>>;
  void fill(QMenu& menu, const QStringList& ids, const Parts& parts = {}) const;

 private:
  QStringList ids_;
  QMap<QString, QAction*> actions_;
};

}  // namespace moescope
