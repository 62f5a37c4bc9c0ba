// What the plan will do on given hardware: step time with its error bar, against the plan before.
#pragma once

#include <QLabel>
#include <QTableWidget>
#include <QTimer>
#include <QWidget>

#include "views/common/job.h"
#include "views/workspace/documents/plan_document.h"

namespace moescope {

struct Prediction;
class ServingChooser;

class PredictPanel : public QWidget {
  Q_OBJECT

 public:
  explicit PredictPanel(PlanDocument& document, QWidget* parent = nullptr);
  bool busy() const { return job_.running() || delay_.isActive(); }
  JobRunner& job() { return job_; }
  /// Text of a figure by its heading; empty when there is none.
  QString figure(const QString& heading) const;
  QString note() const { return note_->text(); }
  ServingChooser& chooser() { return *chooser_; }
  /// "102 ± 3 ms per step, -4.2 ms": the newest prediction in short; empty when there is none.
  const QString& shortText() const { return short_text_; }
  /// Why nothing can be predicted now; empty when it can.
  QString obstacle() const;

 Q_SIGNALS:
  void predicted();  ///< shortText() is another

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void schedule();
  void followDrag();
  void forget();
  void start();
  void showNothing(const QString& note);
  void showPrediction(const Prediction& prediction);
  void addFigure(const QString& heading, const QString& text, const QString& tip);
  QStringList showStep(const Prediction& prediction);
  void showCosts(const Prediction& prediction);

  PlanDocument& document_;
  JobRunner job_;
  QTimer delay_;
  ServingChooser* chooser_;
  QTableWidget* table_;
  QLabel* note_;
  QString short_text_;
  bool stale_ = true;
  bool follows_ = false;  ///< a drag was predicted: what comes of it is as well
};

}  // namespace moescope
