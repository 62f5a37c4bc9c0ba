// What the window tells above the workspace.
#pragma once

#include <QString>

namespace moescope {

/// Something to tell the user without stopping them.
struct UserMessage {
  enum class Level { Info, Warning, Error };
  Level level = Level::Info;
  QString text;     ///< one line
  QString details;  ///< shown on request, may be empty
};

}  // namespace moescope
