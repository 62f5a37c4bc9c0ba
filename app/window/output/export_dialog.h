// One dialog for all exports: view, format, size, light or dark.
#pragma once

#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QSpinBox>
#include <QTimer>

#include "app/window/docks/dock_layout.h"
#include "app/window/files/loader.h"
#include "views/plot/chart.h"

namespace moescope {

struct Theme;

class ExportDialog : public QDialog {
  Q_OBJECT

 public:
  ExportDialog(DockLayout& layout, Session& session, QWidget* parent);

  /// Chooses the view, by the id of its dock; an unknown one leaves the choice.
  void chooseView(const QString& id);
  /// Writes the picture or the data; the suffix of the chosen format is added when missing.
  /// message() reports failures.
  bool exportTo(QString file);

 public Q_SLOTS:
  void copyPicture();
  void copyData();

 Q_SIGNALS:
  void message(const moescope::UserMessage& message);

 private:
  void build();
  void restore();
  void remember();
  void refresh();
  void chooseFile();
  Chart* chart() const;
  const Theme& theme() const;
  QSize size() const { return {width_->value(), height_->value()}; }
  QString format() const { return format_->currentData().toString(); }

  DockLayout& layout_;
  Session& session_;
  QComboBox *view_, *format_, *theme_, *scale_;
  QSpinBox *width_, *height_;
  QLabel* preview_;
  QTimer delay_;
};

}  // namespace moescope
