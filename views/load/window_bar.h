// Which windows of the loads are shown, and which they are compared with.
#pragma once

#include <QComboBox>
#include <QSlider>
#include <QSpinBox>
#include <QToolButton>
#include <QWidget>

#include "views/workspace/documents/load_document.h"

namespace moescope {

/// Two numbers for the range, a slider that moves it, and the choice of a reference.
class WindowBar : public QWidget {
  Q_OBJECT

 public:
  explicit WindowBar(LoadDocument& document, QWidget* parent = nullptr);
  /// So many windows does showNewest() follow.
  static constexpr int kNewest = 10;

 public Q_SLOTS:
  void showAll();
  /// The newest windows, which move on while the loads grow.
  void showNewest();
  /// Moves the range by its length: the windows after (1) or before (-1).
  void step(int direction);
  /// What is shown now becomes what later choices are compared with.
  void keepAsReference();

 Q_SIGNALS:
  /// The user chose what to compare with, or (false) nothing.
  void referenceChosen(bool any);

 private:
  enum class Reference { None, Before, FirstHalf, Rest, Kept };
  void refresh();
  void chooseReference();
  void applyReference();
  std::optional<WindowRange> referenceFor(Reference choice) const;
  int count() const;

  LoadDocument& document_;
  QSpinBox *first_, *last_;
  QSlider* slider_;
  QToolButton *all_, *newest_;
  QComboBox* reference_;
  std::optional<WindowRange> kept_;
};

}  // namespace moescope
