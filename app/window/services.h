// What the window asks of core; tests hand in their own to steer time and failure.
#pragma once

#include "app/window/files/loader.h"
#include "app/window/live/live_session.h"

namespace moescope {

struct WindowServices {
  FileServices files = core_file_services();
  LiveServices live = live_services();
};

}  // namespace moescope
