#include "core/import/open.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/import/align.h"
#include "core/import/merge.h"
#include "core/trace/moetrace.h"

namespace moescope {
namespace {

namespace fs = std::filesystem;

/// "rank2" before "rank10": runs of digits compare as numbers.
bool natural_less(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
      continue;
    }
    const auto number = [&](const std::string& text, std::size_t& at) {
      while (at < text.size() && text[at] == '0') ++at;
      const auto begin = at;
      while (at < text.size() && digit(text[at])) ++at;
      return text.substr(begin, at - begin);
    };
    const std::string x = number(a, i), y = number(b, j);
    if (x.size() != y.size()) return x.size() < y.size();
    if (x != y) return x < y;
  }
  return a.size() - i < b.size() - j;
}

bool recognised(const FileProbe& probe) {
  if (is_moetrace(probe.head)) return true;
  return std::any_of(importers().begin(), importers().end(),
                     [&](const Importer* importer) { return importer->recognises(probe); });
}

/// Trace files directly inside `folder`; names of the others go to `ignored`.
std::vector<fs::path> traces_in(const fs::path& folder, std::vector<std::string>& ignored) {
  std::vector<fs::path> files;
  try {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      bool use = false;
      try {
        use = recognised(probe_file(entry.path()));
      } catch (const Error&) {
        // Not readable or empty: listed with the files that were not opened.
      }
      if (use)
        files.push_back(entry.path());
      else
        ignored.push_back(entry.path().filename().string());
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(folder.string(), "", "cannot list the folder: " + error.code().message());
  }
  if (files.empty())
    throw Error(folder.string(), "", "holds no trace file",
                "Expected Kineto JSON, Nsight Systems SQLite or .moetrace");
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return natural_less(a.filename(), b.filename());
  });
  return files;
}

TracePtr open_file(const fs::path& path, const ImportOptions& options, Progress& progress) {
  const FileProbe probe = probe_file(path);
  if (is_moetrace(probe.head)) return open_moetrace(path);
  for (const Importer* importer : importers()) {
    if (!importer->recognises(probe)) continue;
    TraceBuilder builder;
    importer->import(probe, builder, options, progress);
    return builder.snapshot();
  }
  throw Error(path.string(), "byte 0", "is no format that can be opened",
              "Expected PyTorch profiler or Chrome JSON (plain or gzip), Nsight Systems SQLite, or "
              ".moetrace");
}

}  // namespace

TracePtr open_trace(const std::vector<fs::path>& paths, const ImportOptions& options,
                    Progress& progress) {
  std::vector<fs::path> files;
  std::vector<std::string> ignored;
  for (const auto& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      for (auto& file : traces_in(path, ignored)) files.push_back(std::move(file));
    } else {
      files.push_back(path);
    }
  }
  if (files.empty()) throw Error("", "", "no file was given");
  for (std::size_t i = 0; i < files.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (std::error_code error; fs::equivalent(files[i], files[j], error))
        throw Error(files[i].string(), "", "was given twice", "Give each file once");
  if (files.size() == 1 && ignored.empty()) return open_file(files[0], options, progress);
  std::vector<TracePtr> traces;
  for (const auto& file : files) traces.push_back(open_file(file, options, progress));
  std::vector<std::string> warnings;
  if (!ignored.empty())
    warnings.push_back(fmt::format("{} files in the folder are no traces and were not opened: {}",
                                   ignored.size(), fmt::join(ignored, ", ")));
  return merge_traces(traces, align_clocks(traces), std::move(warnings), progress);
}

}  // namespace moescope
