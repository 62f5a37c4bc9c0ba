#include "gpu/cuda/library_search.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace moescope::runtime::cuda {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> result;
  std::error_code problem;  // a folder that cannot be read holds nothing for us
  for (fs::directory_iterator it(folder, problem), end; !problem && it != end;
       it.increment(problem))
    result.push_back(it->path());
  std::sort(result.begin(), result.end());
  return result;
}

/// In wheels under PREFIX/lib/python3*/.
void add_wheels(const fs::path& prefix, const std::string& name, std::vector<std::string>& files) {
  for (const fs::path& python : folders_in(prefix / "lib")) {
    if (!python.filename().string().starts_with("python3")) continue;
    for (const char* packages : {"site-packages", "dist-packages"})
      for (const fs::path& wheel : folders_in(python / packages / "nvidia")) {
        std::error_code problem;
        const fs::path file = wheel / "lib" / name;
        if (fs::exists(file, problem)) files.push_back(file.string());
      }
  }
}

}  // namespace

std::vector<std::string> library_candidates(const std::string& name) {
  std::vector<std::string> files;
  if (const char* folder = std::getenv("MOESCOPE_CUDA_LIBRARIES"))
    files.push_back((fs::path(folder) / name).string());
  files.push_back(name);
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char* folder = std::getenv(variable))
      for (const char* lib : {"lib64", "lib"})
        files.push_back((fs::path(folder) / lib / name).string());
  files.push_back("/usr/local/cuda/lib64/" + name);
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const char* prefix = std::getenv(variable)) add_wheels(prefix, name, files);
  if (const char* home = std::getenv("HOME")) add_wheels(fs::path(home) / ".local", name, files);
  for (const char* prefix : {"/usr/local", "/usr"}) add_wheels(prefix, name, files);
  return files;
}

}  // namespace moescope::runtime::cuda
