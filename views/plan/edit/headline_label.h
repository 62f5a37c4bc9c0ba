// A line of figures with what they are of behind them, which gives way where there is little room.
#pragma once

#include <QLabel>

namespace moescope {

class HeadlineLabel : public QLabel {
  Q_OBJECT

 public:
  explicit HeadlineLabel(QWidget* parent = nullptr);
  /// `figures` is rich text and stays whole; `of` is plain text and is elided first.
  void setParts(const QString& figures, const QString& of);
  /// Both parts, as rich text.
  QString whole() const;

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void fit();

  QString figures_, of_;
};

}  // namespace moescope
