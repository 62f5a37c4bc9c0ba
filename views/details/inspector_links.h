// Below the facts: the views that show more of what is selected.
#pragma once

#include <QLabel>

namespace moescope {

class InspectorLinks : public QLabel {
  Q_OBJECT

 public:
  explicit InspectorLinks(QWidget* parent = nullptr);
  /// Ids of views, with the words for each; empty hides the line.
  void setViews(const QList<QPair<QString, QString>>& views);

 Q_SIGNALS:
  void viewWanted(const QString& id);
};

}  // namespace moescope
