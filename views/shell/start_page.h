// Shown while nothing is open: where files are dropped, what was open before, samples.
#pragma once

#include <QLabel>
#include <QPushButton>
#include <QWidget>

#include "views/shell/drop_area.h"
#include "views/shell/entry_list.h"

namespace moescope {

class StartPage : public QWidget {
  Q_OBJECT

 public:
  using Entry = EntryList::Entry;

  explicit StartPage(QWidget* parent = nullptr);
  void setRecent(const QList<Entry>& entries);
  void setSamples(const QList<Entry>& entries);
  /// Empty: nothing to restore, the button is hidden.
  void setLastSession(const QStringList& files);
  /// Files are over the window.
  void setInviting(bool inviting) { drop_->setInviting(inviting); }

 Q_SIGNALS:
  void liveRequested();  ///< try it live
  void attachRequested();
  void openRequested();
  void openFolderRequested();
  void restoreRequested();
  void filesRequested(const QStringList& files);
  void pinRequested(const QStringList& files, bool pinned);
  void removeRequested(const QStringList& files);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  QWidget* makeHead();
  void fillDropArea();
  QWidget* makeStarts();
  QWidget* makeLists();
  QPushButton* addButton(QLayout& line, const QString& name, const QString& text,
                         const QString& tip, void (StartPage::*clicked)());
  void addRecentActions();
  QLabel* makeTitle(const QString& text, double scale, QWidget* parent);
  QWidget* underTitle(const QString& title, QWidget* content, QWidget* parent);
  void sizeTitles();

  DropArea* drop_;
  QList<std::pair<QLabel*, double>> titles_;  ///< and their size, of the size of text
  QPushButton* restore_ = nullptr;
  QWidget *recent_part_ = nullptr, *samples_part_ = nullptr;
  EntryList *recent_, *samples_;
};

}  // namespace moescope
