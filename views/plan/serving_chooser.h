// Hardware, model and serving unit of a plan: found in the files, or asked for in place.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QWidget>
#include <array>

#include "views/workspace/documents/plan_document.h"

namespace moescope {

class ServingChooser : public QWidget {
  Q_OBJECT

 public:
  explicit ServingChooser(PlanDocument& document, QWidget* parent = nullptr);
  /// The first part that is neither known nor chosen gets the keyboard.
  void askForMissing();

 private:
  void addPart(ServingPart part, const QString& name, const QString& tip);
  void addRules();
  QComboBox* addRow(const QString& title, const QString& name, const QString& tip, QLabel*& label);
  void showRule();
  void refresh();
  void nameUnits();
  QComboBox* box(ServingPart part) const { return boxes_[static_cast<std::size_t>(part)]; }

  PlanDocument& document_;
  std::array<QComboBox*, kServingParts.size()> boxes_{};
  std::array<QLabel*, kServingParts.size()> labels_{};
  QComboBox* rule_ = nullptr;
  QLabel* rule_label_ = nullptr;
};

}  // namespace moescope
