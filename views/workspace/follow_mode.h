// Following a recording: the visible range slides with the newest time until the user looks at
// something else.
#pragma once

#include <QAction>
#include <QObject>

#include "views/workspace/selection.h"

namespace moescope {

class FollowMode : public QObject {
  Q_OBJECT

 public:
  explicit FollowMode(Selection& selection, QObject* parent = nullptr);

  /// Checkable: on while the range slides; enabled while something is recorded. Its text says how
  /// far the visible range is behind.
  QAction* action() const { return action_; }
  /// A recording begins: follows it with a window of kFirstWindow.
  void begin();
  /// Nothing more will come.
  void end();
  bool live() const { return live_; }
  bool following() const { return following_; }
  void setFollowing(bool following);
  /// Newest time that is not visible, ns; 0 while following.
  TimeNs behind() const;

  static constexpr TimeNs kFirstWindow = 3'000'000'000;

 Q_SIGNALS:
  void followingChanged(bool following);

 private:
  void grow();
  void slide();
  void showText();

  Selection& selection_;
  QAction* action_;
  bool live_ = false, following_ = false, sliding_ = false;
  TimeNs newest_ = 0;
  TimeNs window_ = kFirstWindow;  ///< length of the visible range, ns
};

}  // namespace moescope
