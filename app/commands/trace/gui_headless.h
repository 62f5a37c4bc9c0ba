// Shared parts of the commands that draw: an application without a display and an analysed
// document.
#pragma once

#include <QApplication>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/commands/trace/open_files.h"
#include "views/workspace/workspace.h"

namespace moescope {

/// A QApplication on the offscreen platform, or the one that exists.
std::unique_ptr<QApplication> headless_application();

/// A trace opened and analysed for drawing.
struct HeadlessDocument {
  /// Opens `files` and runs all analyses; `rules` is a rule file or empty. Throws Error.
  HeadlessDocument(const std::vector<std::string>& files, const RunChoice& runs,
                   const std::string& rules);
  Workspace workspace;
  TraceDocument& document = workspace.trace();
  Selection& selection = workspace.selection();
};

}  // namespace moescope
