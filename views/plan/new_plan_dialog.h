// The machine and the start of a new plan for the open loads.
#pragma once

#include <QComboBox>
#include <QDialog>
#include <QDialogButtonBox>
#include <QLabel>
#include <QSpinBox>

#include "core/loads/open/new_plan.h"
#include "views/common/qt_words.h"
#include "views/workspace/documents/load_document.h"

namespace moescope {

class NewPlanDialog : public QDialog {
  Q_OBJECT

 public:
  /// @pre loads.loads() is not null
  explicit NewPlanDialog(const LoadDocument& loads, QWidget* parent = nullptr);
  NewPlan wanted() const;

 Q_SIGNALS:
  /// The plan that was asked for; the dialog closes.
  void made(const moescope::Plan& plan, const QString& name);

 private:
  void refresh();
  void make();

  LoadsPtr loads_;
  WindowRange windows_;
  QComboBox* start_;
  QSpinBox *gpus_, *nodes_, *groups_, *per_layer_;
  QLabel* result_;
  QDialogButtonBox* buttons_;
};

}  // namespace moescope
