#include "views/compare/align_places.h"

#include <QObject>
#include <algorithm>
#include <set>

#include "core/analysis/compare/row_place.h"

namespace moescope {
namespace {

constexpr qsizetype kMostChoices = 2000;

/// Keys of the steps in `part`, in order of time.
QStringList steps_in(const ComparedPart& part) {
  QStringList keys;
  for (const TraceStep& step : part.whole->steps.steps)
    if (step.range.begin >= part.window.begin && step.range.end <= part.window.end)
      keys << QString::fromStdString(step_key(step));
  return keys;
}

QStringList layers_of(const ComparedPart& part) {
  QStringList names;
  for (const auto& [name, layer] : part.whole->layers) names << QString::fromStdString(name);
  std::sort(names.begin(), names.end(), [](const QString& x, const QString& y) {
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  return names;
}

QStringList common(const QStringList& a, const QStringList& b) {
  const std::set<QString> in_b(b.begin(), b.end());
  QStringList both;
  for (const QString& key : a)
    if (in_b.contains(key)) both << key;
  return both.mid(0, kMostChoices);
}

}  // namespace

QStringList common_steps(const ComparedPart& a, const ComparedPart& b) {
  return common(steps_in(a), steps_in(b));
}

QStringList common_layers(const ComparedPart& a, const ComparedPart& b) {
  return common(layers_of(a), layers_of(b));
}

Difference place_row(const char* scope, const QString& key) {
  Difference row;
  row.scope = scope;
  row.key = key.toStdString();
  return row;
}

QString place_words(const Difference& row) {
  const QString key = QString::fromStdString(row.key), label = QString::fromStdString(row.label);
  if (row.scope == "step" && key.contains(QLatin1Char(' ')))
    return QObject::tr("%1 step %2").arg(key.section(' ', 0, -2), key.section(' ', -1));
  if (row.scope == "step") return QObject::tr("step %1").arg(key);
  if (row.scope == "layer") return QObject::tr("layer %1").arg(key);
  if (row.scope == "phase") return QObject::tr("the first %1 step").arg(key);
  return QObject::tr("the first %1").arg(label);
}

}  // namespace moescope
