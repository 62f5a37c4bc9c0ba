// Where SQL is written: keywords coloured, tables and columns completed.
#pragma once

#include <QCompleter>
#include <QPlainTextEdit>

namespace moescope {

class SqlEditor : public QPlainTextEdit {
  Q_OBJECT

 public:
  explicit SqlEditor(QWidget* parent = nullptr);
  QCompleter& completer() { return *completer_; }
  /// The word before the cursor, which completion replaces.
  QString wordBefore() const;

 Q_SIGNALS:
  void runRequested();  ///< Ctrl+Return

 protected:
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void complete();
  void insert(const QString& word);

  QCompleter* completer_;
};

}  // namespace moescope
