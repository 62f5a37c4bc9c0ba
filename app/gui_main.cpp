#include "app/gui_main.h"

#include <QApplication>
#include <QBuffer>
#include <QIcon>
#include <QTimer>
#include <cstdio>

#include "app/window/appearance.h"
#include "app/window/main_window.h"
#include "app/window/tour.h"
#include "core/error.h"
#include "core/version.h"
#include "views/plot/chart.h"

namespace moescope {
namespace {

constexpr int kSettleMs = 700;  // views draw after the analysis in steps of their own

/// Prints an error on stderr.
bool write_picture(QWidget& window, const QString& file) {
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  window.grab().save(&buffer, "PNG");
  try {
    write_file_whole(file, bytes);
    return true;
  } catch (const Error& error) {
    std::fprintf(stderr, "moescope: %s\n", error.what());
    return false;
  }
}

/// Writes the picture when nothing is busy any more, then ends the program.
void grab_when_idle(MainWindow& window, const QString& file) {
  auto* timer = new QTimer(&window);
  timer->setInterval(kSettleMs);
  // Twice in a row: the analysis triggers further work of the views.
  QObject::connect(timer, &QTimer::timeout, &window, [&window, timer, file, idle = 0]() mutable {
    idle = window.loader().busy() ? 0 : idle + 1;
    if (idle < 2) return;
    timer->stop();
    const bool failed = window.messages().level() == UserMessage::Level::Error;
    if (failed)
      std::fprintf(stderr, "moescope: %s\n", window.messages().text().toUtf8().constData());
    QApplication::exit(write_picture(window, file) && !failed ? 0 : 1);
  });
  timer->start();
}

}  // namespace

int run_gui(int argc, char** argv, const GuiOptions& options) {
  QCoreApplication::setOrganizationName("MoEscope");
  QCoreApplication::setApplicationName("MoEscope");
  QCoreApplication::setApplicationVersion(QString::fromStdString(program_version()));
  QGuiApplication::setDesktopFileName("io.github.moescope.MoEscope");
  QApplication app(argc, argv);
  MainWindow window{WindowServices()};
  if (!options.theme.empty()) apply_appearance(QString::fromStdString(options.theme));
  if (options.width > 0 && options.height > 0) window.resize(options.width, options.height);
  window.show();
  QStringList files;
  for (const std::string& file : options.files) files << QString::fromStdString(file);
  if (!options.tour.empty()) {
    auto* tour = new Tour(window, files, QString::fromStdString(options.tour));
    QObject::connect(tour, &Tour::finished, &app, [](bool ok) { QApplication::exit(ok ? 0 : 1); });
    tour->start();
    return QApplication::exec();
  }
  window.openFiles(files);
  if (options.live) window.tryLive();
  if (!options.screenshot.empty())
    grab_when_idle(window, QString::fromStdString(options.screenshot));
  return QApplication::exec();
}

}  // namespace moescope
