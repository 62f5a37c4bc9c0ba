// Figures of a change of plan as text: before, predicted with its error bar, measured.
#pragma once

#include <QString>
#include <functional>
#include <vector>

#include "core/analysis/serving/plan_effect.h"
#include "views/common/delta.h"

namespace moescope {

/// One figure of an effect with its names and how its values are written.
struct EffectRow {
  QString name, tip;
  const EffectFigure* figure = nullptr;
  std::function<QString(double)> write;
  std::function<QString(double, double)> write_error;  ///< value and error bar, in one unit

  QString before() const { return text(figure->before); }
  /// "1.40 ± 0.05"; "13.4 ± 0.2 KiB (+39.2 %)" where it differs from before.
  QString predicted() const { return text_with(figure->predicted, true); }
  /// "13.4 KiB (+39.2 %)"
  QString measured() const { return text_with(figure->measured, false); }
  /// Against before; within the error bar, or 1 % without one, a change is noise. All figures are
  /// the better the lower they are.
  Verdict predicted_verdict() const { return change(figure->predicted).verdict; }
  Verdict measured_verdict() const { return change(figure->measured).verdict; }

 private:
  QString text(const std::optional<double>& value) const;
  QString text_with(const std::optional<double>& value, bool with_error) const;
  /// In percent of before.
  Delta change(const std::optional<double>& value) const;
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
