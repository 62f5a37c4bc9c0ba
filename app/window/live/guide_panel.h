// The guided tour: a strip that says what to do next and does it, with the real program and live
// data.
#pragma once

#include <QFrame>
#include <QLabel>
#include <QPushButton>
#include <functional>
#include <vector>

namespace moescope {

struct GuideStep {
  QString title;              ///< a few words
  QString text;               ///< what to look at or do
  QString button;             ///< text of the button that does it; empty: none
  std::function<void()> run;  ///< by the button
  bool waits = false;         ///< goes on by itself when it is done, not by "Next"
};

class GuidePanel : public QFrame {
  Q_OBJECT

 public:
  explicit GuidePanel(QWidget* parent = nullptr);

  void begin(std::vector<GuideStep> steps);
  int step() const { return step_; }
  bool running() const { return step_ >= 0; }
  /// The user did what step `step` waits for; ignored when another step is shown.
  void done(int step);
  /// Replaces the text of a step, e.g. by figures.
  void setText(int step, const QString& text);
  void end();

 Q_SIGNALS:
  void ended();

 private:
  void show(int step);

  std::vector<GuideStep> steps_;
  int step_ = -1;
  QLabel *where_, *text_;
  QPushButton *do_, *next_;
};

}  // namespace moescope
