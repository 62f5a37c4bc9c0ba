// The question about files that are not of one run.
#pragma once

#include <QObject>
#include <QStringList>

#include "app/window/services.h"

namespace moescope {

class MainWindow;

/// Asks in the message bar whether files of several runs are compared, merged or opened each by
/// itself. Nothing that is open changes until the user has chosen.
class RunQuestion : public QObject {
  Q_OBJECT

 public:
  /// @param services of further windows
  RunQuestion(MainWindow& window, WindowServices services);

  /// `files` as they were opened; the same by run, and why there are several.
  void ask(const QStringList& files, const QList<QStringList>& runs, const QString& reason);

 private:
  void compare(const QList<QStringList>& runs);
  void sideBySide(const QList<QStringList>& runs);
  void separate(const QList<QStringList>& runs);
  MainWindow* openElsewhere(const QStringList& files, const QRect& place);

  MainWindow& window_;
  WindowServices services_;
};

}  // namespace moescope
