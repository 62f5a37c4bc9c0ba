// Two selections of times that move together, one of them shifted: what is visible, the pointer,
// and the marked range.
#pragma once

#include <QObject>
#include <optional>

#include "views/workspace/selection.h"

namespace moescope {

class RangeLink : public QObject {
  Q_OBJECT

 public:
  /// `other` follows `main`, and what is done to it is done to `main`. Both must live as long.
  RangeLink(Selection& main, Selection& other, QObject* parent = nullptr);

  /// Times of `other` minus those of `main`, ns.
  TimeNs offset() const { return offset_; }
  void setOffset(TimeNs offset);
  /// `other` is of another trace, of this extent. From now on both may show whatever one of them
  /// has: also where the other one has nothing.
  void reset(TimeRange own);
  /// They are no longer linked: `main` shows its own trace again.
  void stop();

 Q_SIGNALS:
  void offsetChanged();

 private:
  TimeRange toOther(TimeRange range) const;
  TimeRange toMain(TimeRange range) const;
  void follow();
  void lead(TimeRange range);
  void copyArea(const Selection& from, Selection& to, TimeNs by);

  Selection &main_, &other_;
  std::optional<TimeRange> own_;  ///< of the other trace, while they are linked
  TimeNs offset_ = 0;
  bool moving_ = false;
};

}  // namespace moescope
