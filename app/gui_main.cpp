#include "app/gui_main.h"

#include <QApplication>
#include <QMainWindow>

namespace moescope {

int run_gui(int argc, char** argv, const std::vector<std::string>&) {
  QApplication app(argc, argv);
  QMainWindow window;
  window.show();
  return QApplication::exec();
}

}  // namespace moescope
