// Opening files in all ways, saving, closing.
#pragma once

#include <QAction>
#include <QMenu>
#include <QObject>

#include "app/window/files/loader.h"
#include "app/window/session/session.h"
#include "views/workspace/documents/load_document.h"

namespace moescope {

class FileActions : public QObject {
  Q_OBJECT

 public:
  FileActions(TraceDocument& document, LoadDocument& loads, Loader& loader, Session& session,
              QWidget* window);

  /// Adds the menu of recent files, kept up to date.
  void addRecent(QMenu& file);

 public Q_SLOTS:
  void chooseFiles();
  void chooseFolder();
  void chooseSaveName();

 private:
  void fillRecent();

  TraceDocument& document_;
  LoadDocument& loads_;
  Loader& loader_;
  Session& session_;
  QWidget* window_;
  QAction *open_, *folder_, *save_, *close_, *quit_;
  QMenu* recent_ = nullptr;
};

}  // namespace moescope
