// Expert load: heatmaps, hottest and coldest experts, imbalance and drift of each layer.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QSpinBox>
#include <QSplitter>
#include <QWidget>

#include "views/load/load_file_chart.h"
#include "views/load/load_side.h"
#include "views/load/window_bar.h"
#include "views/plot/chart.h"
#include "views/workspace/selection.h"

namespace moescope {

class LoadView : public QWidget, public Chart {
  Q_OBJECT

 public:
  LoadView(LoadDocument& document, Selection& selection, QWidget* parent = nullptr);

  QSize minimumSizeHint() const override;
  QString chartName() const override { return QStringLiteral("load"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  /// The shown heatmap as a table.
  QString csv() const override;
  QString summary() const override { return fileChart().summary(); }

  /// What is shown now.
  LoadFileChart fileChart() const;
  /// Shows now what is still being summed.
  void finish() { sums_.finish(); }
  void setKind(LoadPictureKind kind);
  void setScale(HeatScale scale);
  HeatMap& map() { return *map_; }
  /// Input of the heatmap for what is shown.
  LoadPictureInput pictureInput() const;

 Q_SIGNALS:
  void pictureChanged();

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  QWidget* makeBar();
  QWidget* makeAssumptions();
  void addActions();
  void reload();
  void refreshPicture();
  void refreshAssumptions();
  void applyAssumptions();
  void showChange(bool compared);
  void select(HeatCell cell);
  void hover(HeatCell cell);
  void showSelection();
  void showCellText();
  int layerOfTime() const;
  void showFile();
  bool oneNode() const;

  LoadDocument& document_;
  Selection& selection_;
  LoadSumKeeper sums_;
  QLabel* file_;
  QComboBox *unit_, *kind_, *scale_;
  QSpinBox *gpus_, *nodes_, *groups_;
  QWidget* assumptions_;
  WindowBar* windows_;
  HeatScale scale_before_ = HeatScale::Relative;  ///< before "Compare with" was chosen
  HeatMap* map_;
  QLabel* cell_;
  QSplitter* body_;
  LoadSide* side_;
  LoadPictureInput shown_;  ///< what the heatmap on screen was made of
  int shown_set_ = -1;
};

}  // namespace moescope
