#include "views/whatif/whatif_answer.h"

#include <cmath>

#include "core/error.h"
#include "views/common/delta.h"
#include "views/common/units.h"
#include "views/plot/error_bar.h"
#include "views/whatif/whatif_words.h"

namespace moescope {
namespace {

constexpr double kSame = 0.0005;  ///< of the step: 0.0 %

using whatif::time;
using whatif::tr;

StepBar bar_of(const QString& name, const CausedPrediction& predicted) {
  return {name, predicted.causes, predicted.prediction.error_ns()};
}

/// "3.10 ms (4.0 %) longer than unchanged, 12.0 % fewer tokens/s per GPU"
QString change_text(const WhatIfAnswer& base, const WhatIfAnswer& now) {
  const double before = base.predicted->prediction.step_ns,
               after = now.predicted->prediction.step_ns;
  const double noise = base.predicted->prediction.noise_ns() + now.predicted->prediction.noise_ns();
  const double tokens =
      100 * (now.tokens_per_second_gpu / std::max(base.tokens_per_second_gpu, 1e-9) - 1);
  QString text = tr("%1 (%2) %3 than unchanged")
                     .arg(time(std::abs(after - before)),
                          format_percent(100 * std::abs(after - before) / std::max(before, 1.0)),
                          after > before ? tr("longer") : tr("shorter"));
  if (std::abs(after - before) <= std::max(noise, kSame * before))
    text = tr("as long as unchanged");
  if (std::abs(tokens) >= 0.05)
    text += tr(", %1 %2 tokens/s per GPU")
                .arg(format_percent(std::abs(tokens)), tokens > 0 ? tr("more") : tr("fewer"));
  return text;
}

QString measured_name(const WhatIfMeasured& measured) {
  const auto number = static_cast<qulonglong>(measured.step->number);
  return measured.simulated ? tr("open trace (simulated), step %1").arg(number)
                            : tr("measured, step %1").arg(number);
}

}  // namespace

QString problem_text(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  if (known == nullptr) return QString::fromUtf8(error.what());
  QString text = QString::fromStdString(known->problem());
  // Sentences begin with what they are about, others are about the place.
  if (!known->place().empty() && !text.isEmpty() && text.front().isLower())
    text.prepend(QString::fromStdString(known->place()) + QLatin1Char(' '));
  if (!known->source().empty()) text.prepend(QString::fromStdString(known->source()) + ": ");
  text += QLatin1Char('.');
  if (!known->remedy().empty())
    text += QLatin1Char(' ') + QString::fromStdString(known->remedy()) + QLatin1Char('.');
  return text;
}

WhatIfAnswerPtr answer_what_if(const WhatIf& settings, const WhatIfFiles& files, UnitPlans& plans,
                               Progress& progress) {
  auto answer = std::make_shared<WhatIfAnswer>();
  try {
    const WhatIfCase asked = make_case(settings, files, plans, progress);
    answer->predicted = predict_case(asked, progress);
    answer->text = QString::fromStdString(case_text(asked));
    const Prediction& p = answer->predicted->prediction;
    answer->tokens_per_second_gpu = p.tokens_per_second / asked.unit.gpus;
    for (const std::string& note : asked.notes) answer->notes << with_window_units(note);
    answer->notes << tr("replica rule: %1").arg(QString::fromStdString(rule_title(asked.rule)));
    for (const std::string& note : p.notes) answer->notes << with_window_units(note);
  } catch (const Error& error) {
    answer->problem = problem_text(error);
  }
  return answer;
}

QString misfit_text(const WhatIfAnswer& unchanged, const WhatIfMeasured& measured) {
  if (!unchanged.predicted || !measured.step || measured.simulated) return {};
  const Prediction& p = unchanged.predicted->prediction;
  const double taken = measured.step->causes.step_ns();
  if (std::abs(taken - p.step_ns) <= p.error_ns() + measured.step->spread_ns) return {};
  return tr("The measured step takes %1 times the unchanged one, more than both errors explain: "
            "other hardware than chosen, or ranks that share it. Believe differences, not times.")
      .arg(taken / p.step_ns, 0, 'f', 2);
}

StepBarsPicture what_if_picture(const WhatIfAnswerPtr& base, const WhatIfAnswerPtr& now,
                                const WhatIfMeasured& measured, bool nothing_open) {
  StepBarsPicture picture;
  const bool changed = base != now;
  if (now->predicted) {
    const Prediction& p = now->predicted->prediction;
    picture.title = tr("Step of %1 predicted: %2")
                        .arg(format_time_with_error(p.step_ns, p.error_ns()), now->text);
    picture.note = tr("%1 tokens/s per GPU")
                       .arg(format_count(static_cast<quint64>(now->tokens_per_second_gpu)));
    if (changed && base && base->predicted)
      picture.note += QStringLiteral("; ") + change_text(*base, *now);
    picture.bars.push_back(
        bar_of(changed ? tr("predicted") : tr("predicted, unchanged"), *now->predicted));
  } else {
    picture.title = tr("Nothing can be predicted with these settings");
  }
  if (changed && base && base->predicted)
    picture.bars.push_back(
        bar_of(nothing_open ? tr("the default") : tr("unchanged"), *base->predicted));
  if (measured.step)
    picture.bars.push_back(
        {measured_name(measured), measured.step->causes, measured.step->spread_ns});
  if (picture.bars.empty())
    picture.empty_text = tr("Nothing can be predicted: %1").arg(now->problem);
  return picture;
}

}  // namespace moescope
