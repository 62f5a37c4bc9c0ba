// The right end of the status line: the running job, its progress, and a button to stop it.
#pragma once

#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QWidget>

namespace moescope {

class JobStatus : public QWidget {
  Q_OBJECT

 public:
  explicit JobStatus(QWidget* parent = nullptr);
  void setBusy(bool busy, const QString& title);
  void setProgress(double fraction, const QString& what);

 Q_SIGNALS:
  void cancelRequested();

 private:
  QLabel* what_;
  QProgressBar* bar_;
  QPushButton* cancel_;
  QString title_;
};

}  // namespace moescope
