// The strips above and below the lanes: shown or hidden and as high as the user made them, which is
// remembered. They keep their place while the lanes scroll between them.
#pragma once

#include <QAction>
#include <QList>
#include <QObject>
#include <QPointer>
#include <QSplitter>
#include <functional>
#include <vector>

namespace moescope {

class TimeTrack;

class TrackStack : public QObject {
  Q_OBJECT

 public:
  /// What is left of it is the lanes'. Both splitters have the same heights: the boundary between
  /// two strips is dragged in either. `view` gets the commands "timeline.track_ID".
  TrackStack(QWidget& view, QSplitter& strips, QSplitter& names);

  /// The strip above the lanes, first of all; `beside` stands in the column of names.
  void addOverview(QWidget* overview, QWidget* beside);
  void addLanes(QWidget* lanes, QWidget* names);
  /// A strip below the lanes, with its title in the column of names; shown while it has data.
  void addTrack(TimeTrack* track);

  /// One per strip, checked while it may be shown.
  const QList<QAction*>& actions() const { return actions_; }
  /// Makes the strip that has the keyboard `by` steps higher; false when none has it.
  bool resizeFocused(int by);
  void show(const QString& id);
  /// Heights as the user wants them; in a low window strips give way to the lanes, as far as three
  /// lines beside them are whole.
  void arrange();

 private:
  struct Strip {
    QString id;
    QPointer<QWidget> strip, name;  ///< the view deletes them before this
    QAction* shown;
    std::function<bool()> has_data;
    int height;  ///< that the user wants, logical pixels
  };
  void add(Strip strip, const QString& title);
  void refresh(const Strip& strip);
  void followDrag();
  void markFocus(const QWidget* focus);
  int lowHeight() const;

  QWidget& view_;
  QSplitter &strips_, &names_;
  std::vector<Strip> all_;
  QWidget* lanes_ = nullptr;
  QList<QAction*> actions_;
};

}  // namespace moescope
