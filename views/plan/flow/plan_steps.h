// The way of a plan as a strip of steps: Solve, Compare, Predict, Apply or Export, each with its
// state in words and its buttons.
#pragma once

#include <QLabel>
#include <QToolButton>
#include <QWidget>
#include <array>

namespace moescope {

enum class PlanFlowStep { Solve, Compare, Predict, Finish };
inline constexpr int kPlanFlowSteps = 4;

struct PlanStepState {
  enum class Phase {
    Blocked,   ///< not possible; the text says why
    Possible,  ///< but another step comes first
    Next,
    Running,
    Done
  };
  Phase phase = Phase::Blocked;
  QString text;  ///< rich text, one short sentence
};

class PlanSteps : public QWidget {
  Q_OBJECT

 public:
  explicit PlanSteps(QWidget* parent = nullptr);

  void setStep(PlanFlowStep step, const PlanStepState& state);
  const PlanStepState& step(PlanFlowStep step) const { return states_[index(step)]; }
  QToolButton& solve() { return *solve_; }
  QToolButton& compare() { return *compare_; }
  QToolButton& predict() { return *predict_; }
  QToolButton& apply() { return *apply_; }
  QToolButton& exportPlan() { return *export_; }
  /// What a screen reader says of the strip: every step with its state.
  QString summary() const;

 protected:
  void changeEvent(QEvent* event) override;

 private:
  static std::size_t index(PlanFlowStep step) { return static_cast<std::size_t>(step); }
  QToolButton* makeButton(const QString& name, const QString& text, const QString& tip);
  void addStep(PlanFlowStep step, const QList<QToolButton*>& buttons);
  void showStep(PlanFlowStep step);

  std::array<PlanStepState, kPlanFlowSteps> states_;
  std::array<QLabel*, kPlanFlowSteps> marks_{}, texts_{};
  std::array<QToolButton*, kPlanFlowSteps> first_{};
  QToolButton *solve_, *compare_, *predict_, *apply_, *export_ = nullptr;
};

}  // namespace moescope
