// The window with the real embedded runtime: moescope-node as its child.
#pragma once

#include <gmock/gmock.h>

#include <QTemporaryDir>

#include "app/window/main_window.h"
#include "tests/gui/wait_for.h"

namespace moescope::test {

class RuntimeWindow : public testing::Test {
 protected:
  void SetUp() override {
    QSettings().clear();
    WindowServices services;
    if (services.live.node_program.isEmpty())
      GTEST_SKIP() << "moescope-node is not built beside the tests";
    services.live.recordings = folder.filePath("recordings");
    if (!program.isEmpty()) services.live.node_program = program.first();
    services.live.node_arguments = QStringList{"--ranks", "8", "--nodes", "2"} + program.mid(1);
    window = std::make_unique<MainWindow>(std::move(services));
    window->resize(1500, 950);
    window->show();
  }
  void TearDown() override {
    if (!window) return;
    live().stop();
    wait_for([this] { return !live().active(); });
    window.reset();
  }
  LiveSession& live() const { return window->live().live(); }

  QStringList program;  ///< instead of moescope-node, and its last arguments
  QTemporaryDir folder;
  std::unique_ptr<MainWindow> window;
};

}  // namespace moescope::test
