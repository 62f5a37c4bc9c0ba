// What the plan will do on given hardware: step time with its error bar, against the plan before.
#pragma once

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QSet>
#include <QTableWidget>
#include <QTimer>
#include <QWidget>

#include "views/common/job.h"
#include "views/workspace/plan_document.h"

namespace moescope {

struct Prediction;

class PredictPanel : public QWidget {
  Q_OBJECT

 public:
  explicit PredictPanel(PlanDocument& document, QWidget* parent = nullptr);
  bool busy() const { return job_.running() || delay_.isActive(); }
  JobRunner& job() { return job_; }
  /// Text of a figure by its heading; empty when there is none.
  QString figure(const QString& heading) const;
  QString note() const { return note_->text(); }

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void schedule();
  void fitChoices();
  void start();
  void showPrediction(const Prediction& prediction);
  void addFigure(const QString& heading, const QString& text, const QString& tip);
  QComboBox* addChoice(QFormLayout& form, const char* kind, const QString& name,
                       const QString& text, const QString& tip, const QString& first);

  PlanDocument& document_;
  JobRunner job_;
  QTimer delay_;
  QComboBox *hardware_, *model_, *unit_;
  QSet<const QComboBox*> chosen_;  ///< by the user, who knows better than a guess
  QTableWidget* table_;
  QLabel* note_;
  bool stale_ = true;
};

}  // namespace moescope
