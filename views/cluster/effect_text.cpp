#include "views/cluster/effect_text.h"

#include <QObject>
#include <QStringList>
#include <algorithm>

#include "views/common/units.h"
#include "views/plot/error_bar.h"

namespace moescope {
namespace {

QString bytes_text(double bytes) {
  return format_bytes(static_cast<quint64>(bytes));
}

}  // namespace

QString EffectRow::text(const std::optional<double>& value) const {
  return value ? write(*value) : QString(QChar(0x2013));
}

Delta EffectRow::change(const std::optional<double>& value) const {
  constexpr double kLeast = 0.01;
  if (!figure->before || !value || !(*figure->before > 0)) return {};
  const double before = *figure->before;
  const auto percent = [before](double part) { return format_percent(100 * part / before); };
  return delta_of(before, *value, percent, std::max(before * kLeast, figure->error.value_or(0)));
}

QString EffectRow::text_with(const std::optional<double>& value, bool with_error) const {
  const QString written =
      with_error && value && figure->error ? write_error(*value, *figure->error) : text(value);
  const Delta delta = change(value);
  return delta.verdict == Verdict::Same ? written
                                        : QStringLiteral("%1 (%2)").arg(written, delta.text);
}

QString latency_text(double seconds) {
  return seconds > 0 ? format_time(static_cast<TimeNs>(seconds * 1e9)) : QString(QChar(0x2013));
}

std::vector<EffectRow> effect_rows(const PlanEffect& effect) {
  const auto ratio = [](double v) { return QString::number(v, 'f', 2); };
  const auto ratios = [](double v, double error) {
    return QStringLiteral("%1 ± %2").arg(v, 0, 'f', 2).arg(error, 0, 'f', 2);
  };
  const auto time = [](double v) { return format_time(static_cast<TimeNs>(v)); };
  std::vector<EffectRow> rows = {
      {QObject::tr("Imbalance, 1 s windows"),
       QObject::tr("Largest over mean tokens of a rank in single windows of a second, mean over "
                   "layers and both units; 1.00 is perfect. The plan's own imbalance is of the sum "
                   "of the windows that are shown, of one unit, and so lower. Error bar: how much "
                   "it differs from window to window"),
       &effect.imbalance, ratio, ratios},
      {QObject::tr("Decode step"),
       QObject::tr("Mean length of the decode steps. Predicted: as measured before, changed by the "
                   "ratio that the cost model gives. Error bar: noise of batches, drift of the "
                   "loads, and scatter of what was measured before"),
       &effect.decode_step, time, format_time_with_error},
      {QObject::tr("Token, between nodes"),
       QObject::tr("Bytes of dispatch and combine over the network for each token of a decode "
                   "step, all layers together"),
       &effect.node_traffic, bytes_text, format_bytes_with_error},
      {QObject::tr("Token, inside nodes"),
       QObject::tr("Bytes of dispatch and combine between ranks of a node for each token of a "
                   "decode step, all layers together"),
       &effect.rank_traffic, bytes_text, format_bytes_with_error}};
  std::erase_if(rows, [](const EffectRow& row) {
    return !row.figure->before && !row.figure->predicted && !row.figure->measured;
  });
  return rows;
}

QString effect_verdict(const PlanEffect& effect) {
  QStringList noise, lines;
  for (const EffectRow& row : effect_rows(effect))
    if (row.figure->below_noise().value_or(false)) noise << row.name.toLower();
  if (!noise.isEmpty())
    lines << QObject::tr("Predicted change smaller than the noise: %1.").arg(noise.join("; "));
  for (const std::string& note : effect.notes) lines << QString::fromStdString(note) + '.';
  return lines.join(QLatin1Char('\n'));
}

QString effect_model(const PlanEffect& effect) {
  if (effect.fitted.empty()) return {};
  QStringList lines{QObject::tr("Constants of the cost model, fitted from the recording:")};
  for (const std::string& constant : effect.fitted) lines << QString::fromStdString(constant);
  return lines.join(QLatin1Char('\n'));
}

}  // namespace moescope
