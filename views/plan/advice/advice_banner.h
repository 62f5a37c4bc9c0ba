// The answer first: one line above the plan that says whether to change it.
#pragma once

#include <QLabel>
#include <QProgressBar>
#include <QToolButton>
#include <QWidget>

#include "views/plan/advice/plan_advisor.h"

namespace moescope {

class AdviceBanner : public QWidget {
  Q_OBJECT

 public:
  explicit AdviceBanner(PlanAdvisor& advisor, QWidget* parent = nullptr);
  /// "Do it: a new plan shortens the step by ...", or what there is to choose or to wait for.
  QString text() const { return whole_; }
  /// As high without buttons as with them.
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 Q_SIGNALS:
  void detailsRequested();
  void choiceRequested();  ///< of hardware, model or unit

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  QToolButton* addButton(const QString& name, const QString& text, const QString& tip);
  void refresh();
  void show(const QString& head, const QColor& color, const QString& text);
  void fit();

  PlanAdvisor& advisor_;
  QLabel *head_, *text_;
  QProgressBar* bar_;
  QToolButton *choose_, *ask_, *cancel_, *details_ = nullptr;
  QString whole_, said_;
};

}  // namespace moescope
