#include "views/common/delta.h"

#include <QCoreApplication>
#include <cmath>

#include "views/common/verdict_color.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("Delta", text);
}

}  // namespace

Delta delta_of(double before, double after, const std::function<QString(double)>& write,
               double noise) {
  const double difference = after - before;
  const QString magnitude = write(std::abs(difference));
  if (magnitude == write(0)) return {tr("no change"), Verdict::Same};
  const QString text = (difference > 0 ? QLatin1Char('+') : QLatin1Char('-')) + magnitude;
  if (std::abs(difference) <= noise) return {text, Verdict::Noise};
  return {text, difference > 0 ? Verdict::Worse : Verdict::Better};
}

QString imbalance_text(double imbalance) {
  return QString::number(imbalance, 'f', 4);
}

Delta imbalance_delta(double before, double after) {
  return delta_of(before, after, imbalance_text);
}

QColor verdict_color(Verdict verdict, const Theme& theme) {
  switch (verdict) {
    case Verdict::Better:
      return better_color(theme);
    case Verdict::Worse:
      return worse_color(theme);
    case Verdict::Noise:
      return theme.muted_text;
    case Verdict::Same:
      break;
  }
  return theme.text;
}

QString delta_html(const Delta& delta, const Theme& theme) {
  QString text = delta.text.toHtmlEscaped();
  if (delta.verdict == Verdict::Same) return text;
  if (delta.verdict == Verdict::Worse) text += tr(" (worse)");
  if (delta.verdict == Verdict::Noise) text += tr(" (within the noise)");
  return QStringLiteral("<span style=\"color:%1\">%2</span>")
      .arg(verdict_color(delta.verdict, theme).name(), text);
}

}  // namespace moescope
