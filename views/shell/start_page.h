// Shown while nothing is open: what can be opened, and what was open before.
#pragma once

#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QWidget>

namespace moescope {

class StartPage : public QWidget {
  Q_OBJECT

 public:
  /// One line of the recent or the samples list.
  struct Entry {
    QStringList files;
    QString label, tip;
    bool missing = false;
    bool pinned = false;
  };

  explicit StartPage(QWidget* parent = nullptr);
  void setRecent(const QList<Entry>& entries);
  void setSamples(const QList<Entry>& entries);
  /// Empty: nothing to restore, the button is hidden.
  void setLastSession(const QStringList& files);

 Q_SIGNALS:
  void liveRequested();  ///< try it live
  void attachRequested();
  void openRequested();
  void openFolderRequested();
  void restoreRequested();
  void filesRequested(const QStringList& files);
  void pinRequested(const QStringList& files, bool pinned);
  void removeRequested(const QStringList& files);

 private:
  QListWidget* makeList(const QString& name);
  void fill(QListWidget* list, const QList<Entry>& entries);
  void addRecentActions();

  QPushButton* restore_;
  QLabel* recent_title_;
  QListWidget* recent_;
  QLabel* samples_title_;
  QListWidget* samples_;
};

}  // namespace moescope
