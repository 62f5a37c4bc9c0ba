// Progress of work that is done in stages, whose parts report their own.
#pragma once

#include <algorithm>
#include <string>

#include "core/progress.h"

namespace moescope {

/// Gives parts a Progress that moves the whole only within their stage, never back, under the
/// stage's name. Cancelled with the whole.
class Stages {
 public:
  explicit Stages(Progress& whole)
      : whole_(whole), part_([this](double fraction, std::string_view what) {
          if (whole_.cancelled()) part_.cancel();  // for threads that only check
          reached_ = std::max(reached_, first_ + (last_ - first_) * fraction);
          whole_.report(reached_, name_.empty() ? what : std::string_view(name_));
        }) {}
  Stages(const Stages&) = delete;
  Stages& operator=(const Stages&) = delete;

  /// Begins the stage that ends at `until`. @param name empty: the parts name what they do
  void next(double until, std::string name) {
    first_ = reached_ = last_;
    last_ = until;
    name_ = std::move(name);
    whole_.report(first_, name_);
  }
  Progress& part() { return part_; }

 private:
  Progress& whole_;
  double first_ = 0, last_ = 0, reached_ = 0;
  std::string name_;
  Progress part_;
};

}  // namespace moescope
