// Messages of the window above the workspace.
#pragma once

#include <QString>

namespace moescope {

/// A message that does not block the user.
struct UserMessage {
  enum class Level { Info, Warning, Error };
  Level level = Level::Info;
  QString text;     ///< one line
  QString details;  ///< shown on request, may be empty
};

}  // namespace moescope
