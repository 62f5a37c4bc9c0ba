// The File menu: opening in all its ways, saving, closing.
#pragma once

#include <QAction>
#include <QMenu>
#include <QObject>

#include "app/window/files/loader.h"
#include "app/window/output/output_actions.h"
#include "app/window/session/session.h"
#include "views/workspace/load_document.h"

namespace moescope {

class FileActions : public QObject {
  Q_OBJECT

 public:
  FileActions(Document& document, LoadDocument& loads, Loader& loader, Session& session,
              QWidget* window);

  /// Opening and saving; `outputs` adds its actions before closing.
  void fillMenu(QMenu& file, OutputActions& outputs);
  QAction* openAction() const { return open_; }

 public Q_SLOTS:
  void chooseFiles();
  void chooseFolder();
  void chooseSaveName();

 private:
  void fillRecent();

  Document& document_;
  LoadDocument& loads_;
  Loader& loader_;
  Session& session_;
  QWidget* window_;
  QAction *open_, *folder_, *save_, *close_, *quit_;
  QMenu* recent_ = nullptr;
};

}  // namespace moescope
