// What of A is laid above what of B: a step, a layer, or moments that are chosen by hand.
#pragma once

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QWidget>

#include "core/trace/types.h"

namespace moescope {

class AlignControls : public QWidget {
  Q_OBJECT

 public:
  enum class At { Step, Layer, Hand };

  explicit AlignControls(QWidget* parent = nullptr);

  At at() const { return static_cast<At>(at_->currentIndex()); }
  void setAt(At at) { at_->setCurrentIndex(static_cast<int>(at)); }
  /// Steps or layers to choose from; none are shown when it is by hand.
  void setPlaces(const QStringList& keys);
  bool hasPlaces() const { return place_->count() > 0; }
  QString place() const { return place_->currentText(); }
  void setPlace(const QString& key) { place_->setCurrentText(key); }
  /// Shows by how much B is later, ns.
  void showLater(TimeNs later);
  QString words() const { return words_->text(); }
  void setWords(const QString& words) { words_->setText(words); }

 Q_SIGNALS:
  void atChosen();
  void placeChosen();
  void laterTyped(moescope::TimeNs later);

 private:
  QComboBox *at_, *place_;
  QDoubleSpinBox* later_;
  QLabel* words_;
};

}  // namespace moescope
