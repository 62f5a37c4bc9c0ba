// Pictures of every view, for docs/tour: made by the program, so that they are never older than it.
#pragma once

#include <QObject>
#include <QTimer>
#include <functional>
#include <vector>

namespace moescope {

class MainWindow;

/// Goes from view to view of a window and writes a picture of each, in both themes: NAME-light.png
/// and NAME-dark.png at 1920x1080, and NAME-small.png of the main ones at 1280x800.
class Tour : public QObject {
  Q_OBJECT

 public:
  /// `files`: a trace with loads, a plan of them, and a trace to compare with.
  Tour(MainWindow& window, QStringList files, QString folder);
  /// finished() follows.
  void start();

 Q_SIGNALS:
  void finished(bool ok);  ///< false: a file could not be opened or a picture not be written

 private:
  struct Stop {
    QString name;
    std::function<void()> go;
    bool main = false;  ///< also at 1280x800
  };
  void addStops();
  void next();
  bool busy() const;
  void picture(const QString& name);

  MainWindow& window_;
  QStringList files_;
  QString folder_;
  std::vector<Stop> stops_;
  std::size_t at_ = 0;
  int look_ = 0;  ///< of the stop: light, dark, small
  int calm_ = 0;  ///< how often in a row nothing was busy
  QTimer timer_;
  bool ok_ = true;
};

}  // namespace moescope
