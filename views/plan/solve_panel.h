// The three solve actions in order of cost, their options, and what a running solve has reached.
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>
#include <QWidget>

#include "views/plan/plan_solver.h"

namespace moescope {

class SolvePanel : public QWidget {
  Q_OBJECT

 public:
  SolvePanel(PlanDocument& document, PlanSolver& solver, QWidget* parent = nullptr);
  SolveRequest request(SolveAction action) const;

 Q_SIGNALS:
  void requestChanged();  ///< an option was changed

 private:
  QPushButton* addButton(const QString& name, const QString& text, const QString& tip,
                         SolveAction action);
  void addOptions(QFormLayout& form);
  void watchOptions();
  void showTerms();
  void refresh();
  void showProgress(const SolveProgress& progress);

  PlanDocument& document_;
  PlanSolver& solver_;
  QComboBox* hierarchy_;
  QCheckBox *connected_, *best_split_, *hold_out_;
  QSpinBox *copies_, *windows_;
  QPushButton *resplit_, *migrate_, *full_, *cancel_, *keep_;
  QProgressBar* bar_;
  QLabel *terms_, *reached_, *why_;
};

}  // namespace moescope
