// A list of files to open, two lines an entry: what it is, and a sentence about it. One click
// opens.
#pragma once

#include <QElapsedTimer>
#include <QListWidget>
#include <QStringList>

namespace moescope {

class EntryList : public QListWidget {
  Q_OBJECT

 public:
  struct Entry {
    QStringList files;
    QString label, note;
    bool missing = false;
    bool pinned = false;
  };

  explicit EntryList(const QString& name, QWidget* parent = nullptr);
  void setEntries(const QList<Entry>& entries);
  /// Empty when none is current.
  QStringList currentFiles() const;
  bool currentPinned() const;

 Q_SIGNALS:
  void filesRequested(const QStringList& files);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void open(const QListWidgetItem* item);

  QElapsedTimer opened_;  ///< a double click opens once
};

}  // namespace moescope
