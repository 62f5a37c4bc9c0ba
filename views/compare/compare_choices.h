// What of a comparison is shown, and which way round.
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QToolButton>
#include <QWidget>
#include <optional>

#include "core/analysis/compare/difference.h"

namespace moescope {

class CompareChoices : public QWidget {
  Q_OBJECT

 public:
  explicit CompareChoices(QWidget* parent = nullptr);

  /// How the user wants traces aligned; nullopt: as they allow.
  std::optional<Alignment> alignment() const;
  bool swapped() const { return swap_->isChecked(); }
  bool lanes() const { return lanes_->isChecked(); }
  void setLanes(bool shown) { lanes_->setChecked(shown); }
  QComboBox* scopes() const { return scope_; }
  /// Offers the scopes that the comparison has; the one that is chosen stays where it can.
  void fillScopes(const Comparison& comparison);
  /// Loads and plans have no lanes, and are aligned by layer.
  void setOfTraces(bool traces);

 Q_SIGNALS:
  void comparisonWanted();  ///< another one: aligned differently, or the other way round
  void scopeChosen(const QString& scope);
  void significantChosen(bool only);
  void lanesChosen();

 private:
  void build();

  QComboBox *align_, *scope_;
  QCheckBox* significant_;
  QToolButton *swap_, *lanes_;
};

}  // namespace moescope
