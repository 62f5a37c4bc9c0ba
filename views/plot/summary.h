// What a chart shows in words, for who cannot see it: every chart has it, and Qt's accessibility
// asks for it.
#pragma once

#include <QAccessibleWidget>
#include <QString>

namespace moescope {

/// Implemented by every chart. A widget that has it is announced to screen readers as a chart whose
/// description is its summary; nothing else is needed.
class Summarised {
 public:
  virtual ~Summarised() = default;
  /// What is drawn, its scope and its main figures with units, in sentences; without data why
  /// there is none. Made when it is asked for.
  virtual QString summary() const = 0;
};

/// The accessible form of a chart: its description is what is selected in it, if anything
/// (accessibleDescription() of the widget), and its summary.
class AccessibleChart : public QAccessibleWidget {
 public:
  /// `widget` has to be a Summarised too.
  explicit AccessibleChart(QWidget* widget, QAccessible::Role role = QAccessible::Chart);
  QString text(QAccessible::Text kind) const override;
};

/// Tells screen readers that the summary of `chart` is another one.
void summary_changed(QWidget& chart);

/// "lowest 1.02 (layer 3), highest 2.10 (layer 7), mean 1.31".
QString extremes_text(const QString& lowest, const QString& at_lowest, const QString& highest,
                      const QString& at_highest, const QString& mean);

}  // namespace moescope
