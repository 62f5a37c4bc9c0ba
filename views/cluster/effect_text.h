// Figures of a change of plan as text: before, predicted with its error bar, measured.
#pragma once

#include <QString>
#include <functional>
#include <vector>

#include "core/analysis/serving/plan_effect.h"

namespace moescope {

/// One figure of an effect with its names and how its values are written.
struct EffectRow {
  QString name, tip;
  const EffectFigure* figure = nullptr;
  std::function<QString(double)> write;
  std::function<QString(double, double)> write_error;  ///< value and error bar, in one unit

  QString before() const { return text(figure->before); }
  /// "1.40 ± 0.05"; "13.4 ± 0.2 KiB (+39.2 %)" when it is worse than before.
  QString predicted() const;
  /// "13.4 KiB (+39.2 %)" when it is worse than before.
  QString measured() const;
  /// By more than the error bar, or 1 % without one. All figures are the better the lower they are.
  bool predicted_worse() const { return worse(figure->predicted); }
  bool measured_worse() const { return worse(figure->measured); }

 private:
  QString text(const std::optional<double>& value) const;
  bool worse(const std::optional<double>& after) const;
  /// " (+39.2 %)" when `value` is worse than before, else nothing.
  QString delta(const std::optional<double>& value) const;
};

/// A time in seconds as reported by a node: 0 stands for "not measured".
QString latency_text(double seconds);
/// The figures of `effect`, which must live as long; those without any value are left out.
std::vector<EffectRow> effect_rows(const PlanEffect& effect);
/// What a prediction is worth: changes that are smaller than the noise, and what limits them.
QString effect_verdict(const PlanEffect& effect);
/// The fitted constants behind it, one per line; empty without any.
QString effect_model(const PlanEffect& effect);

}  // namespace moescope
