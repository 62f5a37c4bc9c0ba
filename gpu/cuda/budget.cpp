#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "gpu/cuda/layer_device.h"

namespace moescope::runtime::cuda {

SmBudget grant(const SmBudget& asked, int ranks, int sms) {
  SmBudget granted = asked;
  if (granted.sms == 0) granted.sms = sms / ranks;
  if (granted.communication == 0) granted.communication = std::max(1, granted.sms / 4);
  if (granted.sms * ranks > sms || granted.sms < 2)
    throw Error("budget", "",
                fmt::format("{} ranks with {} SMs each do not fit a GPU with {}", ranks,
                            std::max(granted.sms, 2), sms),
                "use fewer ranks or fewer SMs for each");
  if (granted.communication < 1 || granted.communication >= granted.sms)
    throw Error("budget", "",
                fmt::format("{} of {} SMs for communication leave none for computing",
                            granted.communication, granted.sms));
  return granted;
}

}  // namespace moescope::runtime::cuda
