// The settings of a step as a form.
#pragma once

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QLabel>
#include <QSpinBox>
#include <QWidget>
#include <functional>
#include <vector>

#include "views/whatif/whatif_base.h"

namespace moescope {

/// Fields that differ from the base have bold names; what the open files told has a dot.
class WhatIfForm : public QWidget {
  Q_OBJECT

 public:
  explicit WhatIfForm(QWidget* parent = nullptr);
  /// Shows `settings` beside `base`. @param unit they amount to; its figures fill the numbers
  void showSettings(const WhatIfBase& base, const WhatIf& settings, const ServingUnit& unit);

 Q_SIGNALS:
  void changed(const moescope::WhatIf& settings);

 private:
  struct Field {
    QLabel* label;
    QString title, tip;
    std::function<bool()> differs;  ///< from the base
  };

  QComboBox* addChoice(const QString& name, const QString& title, const QString& tip,
                       std::function<bool()> differs);
  template <typename Box>
  Box* addNumber(const QString& name, const QString& title, const QString& tip,
                 const QString& suffix, double least, double most,
                 const std::function<bool()>& differs);
  void addRow(const QString& title, const QString& tip, QWidget* field,
              std::function<bool()> differs);
  void addParts();
  void addPlanAndRule();
  void addNumbers();
  void choosePart(std::string WhatIf::*part, const QComboBox& box);
  void set(const std::function<void(WhatIf&)>& change);
  void fillChoices();

  WhatIfBase base_;
  WhatIf settings_;
  std::vector<Field> fields_;
  QComboBox *hardware_ = nullptr, *model_ = nullptr, *unit_ = nullptr, *library_ = nullptr,
            *plan_ = nullptr, *rule_ = nullptr;
  QSpinBox *gpus_ = nullptr, *redundant_ = nullptr, *sms_ = nullptr;
  QDoubleSpinBox* tokens_ = nullptr;
};

}  // namespace moescope
