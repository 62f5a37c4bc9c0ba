// Plans out to serving engines and in from them.
#pragma once

#include <QComboBox>
#include <QDialog>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSpinBox>

#include "core/placement/engines/engine.h"
#include "views/common/job.h"
#include "views/common/qt_words.h"

namespace moescope {

/// Shows the launch flag and the caveats before and after it writes; the file is read back and
/// compared before it counts as written.
class ExportPlanDialog : public QDialog {
  Q_OBJECT

 public:
  explicit ExportPlanDialog(Plan plan, QWidget* parent = nullptr);
  void setEngine(const EngineForm& form);
  void setFile(const QString& file);
  void write();
  bool busy() const { return job_.running(); }
  QString launch() const { return launch_->toPlainText(); }
  QString caveats() const { return caveats_->text(); }
  QString result() const { return result_->text(); }

 Q_SIGNALS:
  void written(const QString& file);

 private:
  const EngineForm& engine() const;
  /// The plan with the layers that it is written for.
  Plan named() const;
  void choose();
  void refresh();

  Plan plan_;
  JobRunner job_;
  QComboBox* engine_;
  QLineEdit* file_;
  QSpinBox* first_layer_;
  QFormLayout* form_;
  QPlainTextEdit* launch_;
  QLabel *caveats_, *result_;
  QDialogButtonBox* buttons_;
};

class ImportPlanDialog : public QDialog {
  Q_OBJECT

 public:
  explicit ImportPlanDialog(QWidget* parent = nullptr);
  /// Also guesses the engine, by content.
  void setFile(const QString& file);
  void read();
  QString problem() const { return problem_->text(); }

 Q_SIGNALS:
  /// The imported plan; its problems are listed by the editor. The dialog closes.
  void made(const moescope::Plan& plan, const QString& name);

 private:
  QComboBox* engine_;
  QLineEdit* file_;
  QSpinBox *gpus_, *nodes_, *groups_;
  QLabel* problem_;
};

}  // namespace moescope
