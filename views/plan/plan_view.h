// The plan editor: layer strip, board, and a side with figures, problems and the solver.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QSpinBox>
#include <QSplitter>
#include <QTabWidget>
#include <QWidget>
#include <functional>

#include "views/plan/edit/headline_label.h"
#include "views/plan/edit/plan_editor.h"
#include "views/plan/plan_solver.h"
#include "views/plot/chart.h"
#include "views/workspace/selection.h"

namespace moescope {

class AdviceBanner;
class AdvicePage;
class CompareView;
class EmptyPlanPage;
class FiguresPanel;
class LayerStrip;
class PlanAdvisor;
class PlanBoard;
class PlanFlow;
class PlanSteps;
class PredictPanel;
class ProblemsPanel;
class SolvePanel;

class PlanView : public QWidget, public Chart {
  Q_OBJECT

 public:
  PlanView(PlanDocument& document, Selection& selection, QWidget* parent = nullptr);
  ~PlanView() override;

  QString chartName() const override { return QStringLiteral("plan"); }
  /// The board of the shown layer, or the comparison when that is on top.
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  /// Every slot of every layer with its load, or the comparison.
  QString csv() const override;
  QString summary() const override;

  int layer() const;
  void setLayer(int layer);
  PlanBoard& board() { return *board_; }
  PlanEditor& editor() { return editor_; }
  PlanSolver& solver() { return solver_; }
  CompareView& comparison() { return *compare_; }
  PlanFlow& flow() { return *flow_; }
  PlanSteps& steps() { return *steps_; }
  PlanAdvisor& advisor() { return *advisor_; }
  void showComparison();
  /// Commands of the window that give a first plan, offered while there is none.
  void setStartActions(const QList<QAction*>& actions);
  /// Starts a solve with the options of the Solve page, which is shown.
  void solve(SolveAction action);
  /// The last message about an edit or a solve.
  QString message() const;

 Q_SIGNALS:
  void exportRequested();

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  QWidget* makeBar();
  QWidget* makeSide();
  QWidget* makeCenter();
  void makeLabels();
  void fillSolveMenu();
  void connectBoard();
  void connectSteps();
  void connectAdvice();
  void askForMissing();
  void placePages();
  void showPage(QWidget* page);
  void namePage(QWidget* page, const QString& title);
  void addActions();
  void addEditActions();
  void addWalkActions();
  QAction* addSlotAction(const QString& name, const QString& text, const QString& tip,
                         const QList<QKeySequence>& keys, std::function<void()> run);
  QAction* addBoardAction(const QString& name, const QString& text, const QString& tip,
                          const QList<QKeySequence>& keys, std::function<void()> run);
  void connectParts();
  void documentReplaced();
  void showLayer();
  void takeScope();
  void showMessage(const QString& text);
  void goTo(int layer, int slot);
  void find(const QString& text);
  void followSelection();
  void publishSelection();
  int rowOfLoads(int layer) const;
  void updateActions();
  void nameToggles(bool slot);
  void showMenu(const QPoint& global);
  QString boardTitle() const;
  QString judgedText() const;

  void swapSelected();
  void addReplica();
  void removeReplicas();
  void togglePins();
  void toggleForbidden();
  void toggleFailed();

  PlanDocument& document_;
  Selection& selection_;
  PlanEditor editor_;
  PlanSolver solver_;
  PlanAdvisor* advisor_;
  AdviceBanner* banner_;
  PlanSteps* steps_;
  PlanFlow* flow_;
  EmptyPlanPage* empty_;
  PlanBoard* board_;
  QSplitter* body_;
  QWidget* bar_;
  LayerStrip* strip_;
  CompareView* compare_;
  AdvicePage* advice_;
  FiguresPanel* figures_;
  ProblemsPanel* problems_;
  SolvePanel* solve_;
  PredictPanel* predict_;
  QTabWidget *center_, *side_;
  QWidget *figures_page_, *solve_page_;
  bool narrow_ = false;  ///< the pages of the side are among those of the centre
  QComboBox *layer_, *scope_;
  QSpinBox *first_, *last_;
  QLabel* to_;
  QLineEdit* find_;
  HeadlineLabel* headline_;
  QLabel *heading_, *message_;
  QMenu* menu_;
  QAction *pin_ = nullptr, *forbid_ = nullptr, *fail_ = nullptr;
  QList<QAction*> slot_actions_;
  bool following_ = false;
};

}  // namespace moescope
