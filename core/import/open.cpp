#include "core/import/open.h"

#include <fmt/format.h>

#include <cctype>
#include <set>

#include "core/error.h"
#include "core/import/align.h"
#include "core/import/merge.h"
#include "core/import/same_run.h"
#include "core/input_file.h"
#include "core/loads/open/sniff.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/notes_file.h"
#include "core/trace/sink.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxListed = 5;
constexpr const char* kTablesRemedy =
    "Parquet and Arrow tables are not read: export the report again with nsys export --type sqlite";

/// A trace file and how to read it; no importer means .moetrace.
struct Source {
  FileProbe probe;
  const Importer* importer = nullptr;
};

/// What a name says to a person: rank2 before rank10.
bool natural_less(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  const auto number_end = [&](const std::string& s, std::size_t i) {
    while (i < s.size() && digit(s[i])) ++i;
    return i;
  };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
      continue;
    }
    const std::size_t a_end = number_end(a, i), b_end = number_end(b, j);
    while (i < a_end && a[i] == '0') ++i;
    while (j < b_end && b[j] == '0') ++j;
    if (a_end - i != b_end - j) return a_end - i < b_end - j;
    if (const int order = a.compare(i, a_end - i, b, j, b_end - j); order != 0) return order < 0;
    i = a_end;
    j = b_end;
  }
  if (a.size() - i != b.size() - j) return a.size() - i < b.size() - j;
  return a < b;
}

/// Remedy for a file that no importer recognises, judged by its name and its loads.
std::string remedy_for(const std::filesystem::path& path) {
  const auto extension = path.extension();
  if (extension == ".parquet" || extension == ".arrow") return kTablesRemedy;
  switch (sniff_load_input(path)) {
    case LoadInput::Loads:
      return "It holds expert loads: moescope loads " + path.filename().string();
    case LoadInput::BalanceLog:
    case LoadInput::WaitLog:
      return "It is a log that moescope loads reads: moescope loads " + path.filename().string();
    default:
      break;
  }
  return "Open a PyTorch profiler or Chrome JSON trace (.json, .json.gz), an Nsight Systems "
         "SQLite export, a rocpd database, a Perfetto trace, a dump of NCCL Inspector or of "
         "PyTorch's Flight "
         "Recorder, or a .moetrace file";
}

std::optional<Source> recognise(const std::filesystem::path& path) {
  Source source{probe_file(path), nullptr};
  if (is_moetrace(std::string_view(source.probe.head).substr(0, 100))) return source;
  for (const Importer* importer : importers()) {
    if (!importer->recognises(source.probe)) continue;
    source.importer = importer;
    return source;
  }
  return {};
}

/// Files directly inside `folder` that are traces, in natural order; the others are reported.
void add_folder(const std::filesystem::path& folder, std::vector<Source>& sources,
                std::vector<std::string>& warnings) {
  std::error_code error;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error))
    if (it->is_regular_file(error)) names.push_back(it->path().filename().string());
  if (error) throw Error(folder.string(), "", "the folder cannot be read: " + error.message());
  std::sort(names.begin(), names.end(), natural_less);
  std::vector<std::string> unknown;
  bool found = false;
  for (const auto& name : names) {
    if (name.ends_with(kNotesSuffix)) continue;
    std::optional<Source> source;
    try {
      source = recognise(folder / name);
    } catch (const Error&) {
      if (!name.ends_with(".json") && !name.ends_with(".gz") && !name.ends_with(".sqlite") &&
          !name.ends_with(".moetrace")) {
        unknown.push_back(name);  // empty or unreadable, and not named like a trace
        continue;
      }
      throw;
    }
    if (source) {
      sources.push_back(std::move(*source));
      found = true;
    } else {
      unknown.push_back(name);
    }
  }
  const auto table = [](const std::string& name) {
    return name.ends_with(".parquet") || name.ends_with(".arrow");
  };
  if (!found && std::any_of(unknown.begin(), unknown.end(), table))
    throw Error(folder.string(), "", "is a folder of Parquet or Arrow tables", kTablesRemedy);
  if (!found)
    throw Error(folder.string(), "", "the folder holds no trace file", remedy_for(folder));
  if (unknown.empty()) return;
  std::string list;
  for (std::size_t i = 0; i < std::min(unknown.size(), kMaxListed); ++i)
    list += (i == 0 ? "" : ", ") + unknown[i];
  if (unknown.size() > kMaxListed) list += fmt::format(" and {} more", unknown.size() - kMaxListed);
  warnings.push_back(
      fmt::format("{}: unrecognised files were not opened: {}", folder.string(), list));
}

std::vector<Source> find_sources(const std::vector<std::filesystem::path>& paths,
                                 std::vector<std::string>& warnings) {
  std::vector<Source> sources;
  for (const auto& path : paths) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      add_folder(path, sources, warnings);
    } else if (auto source = recognise(path)) {
      sources.push_back(std::move(*source));
    } else {
      throw Error(path.string(), "", "is not a trace that MoEscope can open", remedy_for(path));
    }
  }
  if (sources.empty()) throw Error("", "", "no file was given to open");
  return sources;
}

/// Drops files that were named twice.
void drop_duplicates(std::vector<Source>& sources, std::vector<std::string>& warnings) {
  std::set<std::filesystem::path> seen;
  std::erase_if(sources, [&](const Source& source) {
    std::error_code error;
    const auto same = std::filesystem::canonical(source.probe.path, error);
    const bool again = !seen.insert(error ? source.probe.path : same).second;
    if (again) warnings.push_back(source.probe.path.string() + ": named twice, opened once");
    return again;
  });
}

TracePtr with_warnings(const TracePtr& trace, const std::vector<std::string>& warnings,
                       TraceBuilder& builder) {
  if (warnings.empty()) return trace;
  TraceInfo info = trace->info();
  info.warnings.insert(info.warnings.begin(), warnings.begin(), warnings.end());
  builder.set_info(std::move(info));
  return builder.snapshot();
}

TracePtr open_one(const Source& source, const std::vector<std::string>& warnings,
                  const ImportOptions& options, Progress& progress) {
  if (source.importer == nullptr) return open_moetrace(source.probe.path);
  return within_memory(source.probe.path, [&] {
    TraceBuilder builder;
    source.importer->import(source.probe, builder, options, progress);
    return with_warnings(builder.snapshot(), warnings, builder);
  });
}

/// Opens every source by itself.
std::vector<TracePtr> open_each(const std::vector<Source>& sources, ImportOptions options,
                                Progress& progress) {
  options.keep_args = true;  // they identify the collective of a kernel
  std::vector<TracePtr> traces;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const double done = static_cast<double>(i) / static_cast<double>(sources.size() + 1);
    const std::string file = sources[i].probe.path.filename().string();
    Progress step([&, done](double fraction, std::string_view what) {
      progress.report(done + fraction / static_cast<double>(sources.size() + 1),
                      fmt::format("{}: {}", file, what));
    });
    traces.push_back(open_one(sources[i], {}, options, step));
    progress.check();
  }
  return traces;
}

/// Files of `sources` by run.
SeveralRuns several_runs(const Runs& runs, const std::vector<Source>& sources) {
  std::vector<std::vector<std::filesystem::path>> files;
  for (const auto& run : runs.traces) {
    files.emplace_back();
    for (const std::size_t i : run) files.back().push_back(sources[i].probe.path);
  }
  return {std::move(files), runs.reason};
}

}  // namespace

TracePtr open_trace(const std::vector<std::filesystem::path>& paths, const ImportOptions& options,
                    Progress& progress, OtherRuns other_runs) {
  std::vector<std::string> warnings;
  auto sources = find_sources(paths, warnings);
  drop_duplicates(sources, warnings);
  if (sources.size() == 1) return open_one(sources.front(), warnings, options, progress);
  const auto traces = open_each(sources, options, progress);
  const ClockAligner clocks(traces, progress);
  const Runs runs = sort_by_run(traces, clocks);
  if (runs.traces.size() > 1 && other_runs == OtherRuns::Refused) throw several_runs(runs, sources);
  if (runs.traces.size() > 1)
    warnings.insert(warnings.begin(), "merged on request, although " + runs.reason);
  std::vector<MergePart> parts;
  std::vector<ClockAlignment> alignments;
  for (std::size_t i = 0; i < traces.size(); ++i) {
    alignments.push_back(clocks.align(0, i).alignment);
    alignments.back().file = static_cast<int>(i);
    parts.push_back({traces[i], alignments[i].offset});
    if (i > 0) warnings.push_back(describe_alignment(*traces[i], alignments[i]));
  }
  return merge_traces(parts, alignments, warnings, progress);
}

}  // namespace moescope
