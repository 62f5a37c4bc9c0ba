// Conversion of file names between Qt and core.
#pragma once

#include <QStringList>
#include <filesystem>
#include <vector>

namespace moescope {

inline std::vector<std::filesystem::path> to_paths(const QStringList& files) {
  std::vector<std::filesystem::path> paths;
  for (const QString& file : files) paths.emplace_back(file.toStdString());
  return paths;
}

inline QStringList to_names(const std::vector<std::filesystem::path>& paths) {
  QStringList names;
  for (const auto& path : paths) names << QString::fromStdString(path.string());
  return names;
}

}  // namespace moescope
