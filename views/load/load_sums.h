// Loads summed over the shown windows and over those they are compared with.
#pragma once

#include <QObject>

#include "views/common/job.h"
#include "views/workspace/documents/load_document.h"

namespace moescope {

struct LoadSums {
  LoadsPtr loads;
  WindowRange windows;
  LayerLoads shown;
  std::optional<WindowRange> reference_windows;  ///< as chosen
  /// A window is never compared with itself. Where all shown windows are among the chosen ones,
  /// these are the others of them; none when there are no others.
  std::optional<LayerLoads> reference;
  /// Else the shown windows that are not in the reference, which is part of them at times: what the
  /// reference is compared with. Set when that is.
  std::optional<LayerLoads> compared;
  bool reference_cut = false;  ///< the reference is without the windows that are shown
};
using LoadSumsPtr = std::shared_ptr<const LoadSums>;

LoadSumsPtr sum_loads(const LoadsPtr& loads, WindowRange windows,
                      std::optional<WindowRange> reference);

/// Follows the document; sums large loads in the background. The old sums stay until the new ones
/// are there.
class LoadSumKeeper : public QObject {
  Q_OBJECT

 public:
  /// Whose sums: of all chosen windows, or of those that judge the plan.
  enum class Of { Chosen, Judged };
  explicit LoadSumKeeper(LoadDocument& document, Of of = Of::Chosen, QObject* parent = nullptr);

  /// Null without loads.
  const LoadSumsPtr& sums() const { return sums_; }
  /// Sums now what is still being summed, for a picture that cannot wait.
  void finish();
  JobRunner& job() { return job_; }

 Q_SIGNALS:
  void sumsChanged();

 private:
  void refresh();
  bool current() const;
  WindowRange windows() const {
    return of_ == Of::Judged ? document_.judgedWindows() : document_.windows();
  }
  void show(LoadSumsPtr sums);

  LoadDocument& document_;
  Of of_;
  JobRunner job_;
  LoadSumsPtr sums_;
};

}  // namespace moescope
