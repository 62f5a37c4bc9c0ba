// The rule editor: which class a kernel belongs to.
#pragma once

#include <QCheckBox>
#include <QLabel>
#include <QPushButton>
#include <QTableView>
#include <QTimer>
#include <QWidget>

#include "views/common/job.h"
#include "views/rules/rules_model.h"
#include "views/workspace/documents/trace_document.h"

namespace moescope {

class RulesPanel : public QWidget {
  Q_OBJECT

 public:
  explicit RulesPanel(TraceDocument& document, QWidget* parent = nullptr);
  RulesModel& model() { return model_; }
  void showRule(int rule);
  /// Adds a first rule for kernels of this name, of the class that they have `now`, for the user to
  /// change.
  void addRuleFor(const QString& name, ClassifiedName now);
  /// Throws Error; the table stays as it is then.
  void importRules(const QString& file);
  void exportRules(const QString& file) const;

 public Q_SLOTS:
  void apply();

 Q_SIGNALS:
  void failed(const QString& message);

 private:
  QAction* addCommand(const QString& name, const QString& text, const QString& tip,
                      const std::function<void()>& run);
  void addCommands();
  void count();
  void refreshState();

  TraceDocument& document_;
  RulesModel model_;
  QTableView* table_;
  QLabel* problem_;
  QCheckBox* at_once_;
  QPushButton* apply_;
  QTimer delay_, apply_delay_;
  JobRunner job_;
};

}  // namespace moescope
