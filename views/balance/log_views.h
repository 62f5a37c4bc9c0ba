// The tabs of the balance view that show logs: balance series, and waiting between ranks.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QSpinBox>
#include <QWidget>

#include "views/balance/log_pictures.h"
#include "views/load/heat/heat_map.h"

namespace moescope {

class BalanceLogView : public QWidget {
  Q_OBJECT

 public:
  explicit BalanceLogView(LoadDocument& document, QWidget* parent = nullptr);
  const SeriesPicturePtr& picture() const { return chart_->picture(); }

 private:
  void reload();
  void refresh();

  LoadDocument& document_;
  std::vector<LogGroup> groups_;
  BalanceLogPtr log_;  ///< that the groups point into
  QComboBox* group_;
  SeriesChart* chart_;
  QLabel* notes_;
};

class WaitView : public QWidget {
  Q_OBJECT

 public:
  explicit WaitView(LoadDocument& document, QWidget* parent = nullptr);
  const HeatPicturePtr& picture() const { return map_->picture(); }

 private:
  void reload();
  void refresh();

  LoadDocument& document_;
  QSpinBox* round_;
  HeatMap* map_;
  QLabel *cell_, *found_;
};

}  // namespace moescope
