#include "app/commands/mcp/mcp_roots.h"

#include <algorithm>

#include "core/error.h"
#include "core/open/file_kind.h"

namespace moescope::mcp {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxListed = 1000;
constexpr int kMaxDepth = 8;
constexpr const char* kRemedy =
    "Name a file below the folders that moescope mcp was started with; the tool \"files\" lists "
    "them";

const char* word_for(FileKind kind) {
  switch (kind) {
    case FileKind::Trace:
      return "trace or other";
    case FileKind::Recording:
      return "recording (trace, perhaps with loads)";
    case FileKind::Loads:
      return "expert loads";
    case FileKind::BalanceLog:
    case FileKind::WaitLog:
      return "log of loads";
    case FileKind::Plan:
      return "plan";
  }
  return "";
}

}  // namespace

Roots::Roots(const std::vector<std::string>& folders) {
  for (const auto& folder : folders) {
    std::error_code error;
    const auto real = fs::canonical(folder, error);
    if (error || !fs::is_directory(real, error))
      throw Error(folder, "", "is not a folder that can be read", "Give an existing folder",
                  "--root");
    roots_.push_back(real);
  }
}

bool Roots::inside(const fs::path& real) const {
  return std::any_of(roots_.begin(), roots_.end(), [&](const fs::path& root) {
    return std::mismatch(root.begin(), root.end(), real.begin(), real.end()).first == root.end();
  });
}

void Roots::check_inside(const fs::path& path, const std::string& named) const {
  std::error_code error;
  const auto real = fs::canonical(path, error);
  if (error || !inside(real))
    throw Error(named, "", "leads to a place outside the folders that may be read", kRemedy);
}

fs::path Roots::resolve(const std::string& path) const {
  const fs::path named(path);
  std::error_code error;
  fs::path found;
  if (path.find('\0') == std::string::npos && !path.empty()) {
    if (named.is_absolute()) {
      found = fs::canonical(named, error);
    } else {
      for (const auto& root : roots_)
        if (found.empty()) found = fs::canonical(root / named, error);
    }
  }
  // The same words for what is missing and for what is elsewhere: nothing is told about it.
  if (found.empty() || !inside(found))
    throw Error(path, "", "is not in the folders that may be read", kRemedy);
  const bool folder = fs::is_directory(found, error);
  if (!folder && !fs::is_regular_file(found, error))
    throw Error(path, "", "is neither a file nor a folder", kRemedy);
  const auto prefix = found.filename().string();
  const fs::directory_iterator beside(folder ? found : found.parent_path(), error);
  if (error) throw Error(path, "", "cannot be read: " + error.message(), kRemedy);
  for (const auto& entry : beside) {
    const bool read_too = folder || entry.path().filename().string().starts_with(prefix);
    if (read_too && entry.is_symlink(error) && fs::exists(entry.path(), error))
      check_inside(entry.path(), path);
  }
  return found;
}

nlohmann::ordered_json Roots::list(const std::string& below) const {
  std::vector<fs::path> from = roots_;
  if (!below.empty()) from = {resolve(below)};
  auto files = nlohmann::ordered_json::array();
  bool truncated = false;
  for (const auto& folder : from) {
    std::error_code error;
    fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied,
                                        error);
    for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
      if (it.depth() >= kMaxDepth) it.disable_recursion_pending();
      if (it->path().filename().string().starts_with('.')) {
        it.disable_recursion_pending();
        continue;
      }
      std::error_code failed;
      const auto real = fs::canonical(it->path(), failed);
      if (failed || !inside(real) || !fs::is_regular_file(real, failed)) continue;
      if (files.size() >= kMaxListed) {
        truncated = true;
        break;
      }
      files.push_back({{"path", it->path().string()},
                       {"bytes", fs::file_size(real, failed)},
                       {"kind", word_for(kind_of_file(real))}});
    }
  }
  auto roots = nlohmann::ordered_json::array();
  for (const auto& root : roots_) roots.push_back(root.string());
  return {{"roots", std::move(roots)}, {"files", std::move(files)}, {"truncated", truncated}};
}

}  // namespace moescope::mcp
