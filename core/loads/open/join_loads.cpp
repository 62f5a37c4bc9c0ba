#include "core/loads/open/join_loads.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/loads/read/array_loads.h"
#include "core/loads/read/formats.h"
#include "core/loads/read/sglang_loads.h"

namespace moescope {
namespace {

using Path = std::filesystem::path;

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

/// Takes a run of digits off `text`, without leading zeros.
std::string_view take_number(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  auto number = text.substr(0, end);
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  text.remove_prefix(end);
  return number;
}

/// Order of names in which numbers count as such.
bool natural_less(const Path& a, const Path& b) {
  const std::string left = a.string(), right = b.string();
  std::string_view x = left, y = right;
  while (!x.empty() && !y.empty()) {
    if (is_digit(x[0]) && is_digit(y[0])) {
      const auto m = take_number(x), n = take_number(y);
      if (m.size() != n.size()) return m.size() < n.size();
      if (m != n) return m < n;
    } else {
      if (x[0] != y[0]) return x[0] < y[0];
      x.remove_prefix(1);
      y.remove_prefix(1);
    }
  }
  return x.empty() && !y.empty();
}

std::size_t value_count(const LoadSet& set) {
  return set.windows.size() * static_cast<std::size_t>(set.layers()) *
         static_cast<std::size_t>(set.experts);
}

/// The share of one rank is no window of a series.
bool is_share_of_rank(const LoadSet& set) {
  return set.format.starts_with("SGLang recorder (per_") && !set.num_gpus;
}

bool follows(const LoadSet& before, const LoadSet& after) {
  if (before.times.empty() != after.times.empty()) return false;
  if (is_share_of_rank(before) || is_share_of_rank(after)) return false;
  if (before.layers() != after.layers() || before.experts != after.experts ||
      value_count(before) + value_count(after) > kMaxLoadValues)
    return false;
  const auto kind = [](const LoadSet& s) {
    return std::tie(s.format, s.unit, s.layer_ids, s.top_k, s.num_gpus, s.num_nodes, s.num_groups);
  };
  return kind(before) == kind(after) &&
         (before.times.empty() || before.times.back().end <= after.times.front().begin);
}

template <typename Values>
void append(Values& to, Values&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void join(LoadSet& to, LoadSet&& from) {
  const bool measured = !to.measured.empty() && !from.measured.empty();
  const bool routed = to.routes.tokens() > 0 && from.routes.layers == to.routes.layers &&
                      from.routes.top_k == to.routes.top_k;
  append(to.windows, std::move(from.windows));
  append(to.times, std::move(from.times));
  if (measured)
    append(to.measured, std::move(from.measured));
  else
    to.measured.clear();
  if (routed)
    append(to.routes.experts, std::move(from.routes.experts));
  else
    to.routes = {};
  to.ordered_in_time = to.ordered_in_time && from.ordered_in_time;
  if (from.running_map) to.running_map = std::move(from.running_map);
  for (auto& note : from.notes)
    if (std::find(to.notes.begin(), to.notes.end(), note) == to.notes.end())
      to.notes.push_back(std::move(note));
}

std::string name_of(const std::string& source) {
  return Path(source).filename().string();
}

/// SGLang writes a file for each rank; the loads are their sum. Takes such files out of `paths` and
/// reads them together, so that only the sum is ever in memory. Files that are not of one recording
/// stay, with a note.
std::optional<LoadSet> sum_of_ranks(std::vector<Path>& paths, std::vector<std::string>& notes,
                                    Progress& progress) {
  std::vector<Path> files;
  for (const Path& path : paths) {
    progress.check();
    if (load_formats::is_rank_file(path)) files.push_back(path);
  }
  if (files.size() < 2) return std::nullopt;
  try {
    LoadSet sum = load_formats::read_sglang_pt(files, files.front().string(), progress);
    sum.notes.push_back(fmt::format("{} files of SGLang's recorder are summed", files.size()));
    std::erase_if(paths, [&](const Path& path) {
      return std::find(files.begin(), files.end(), path) != files.end();
    });
    return sum;
  } catch (const Error& error) {
    notes.push_back(
        fmt::format("the files of SGLang's recorder are not ranks of one dump and stay "
                    "separate: {}",
                    error.what()));
    return std::nullopt;
  }
}

}  // namespace

std::vector<LoadSet> join_loads(std::vector<LoadSet> sets) {
  std::vector<LoadSet> joined;
  std::vector<std::vector<std::string>> names;
  for (LoadSet& set : sets) {
    const auto fits = [&](const LoadSet& before) { return follows(before, set); };
    const auto to = std::find_if(joined.begin(), joined.end(), fits);
    if (to == joined.end()) {
      names.push_back({name_of(set.source)});
      joined.push_back(std::move(set));
      continue;
    }
    names[static_cast<std::size_t>(to - joined.begin())].push_back(name_of(set.source));
    join(*to, std::move(set));
  }
  for (std::size_t i = 0; i < joined.size(); ++i)
    if (names[i].size() > 1)
      joined[i].notes.push_back(fmt::format("{} files are one series, in this order: {}",
                                            names[i].size(), fmt::join(names[i], ", ")));
  return joined;
}

LoadContent open_all_loads(std::vector<Path> paths, Progress& progress,
                           const LoadReading& reading) {
  std::sort(paths.begin(), paths.end(), natural_less);
  LoadContent all;
  const auto take = [&](const Path& path, LoadContent content) {
    const bool second = (content.balance && all.balance) || (content.waits && all.waits);
    if (second)
      all.file_notes.push_back(path.string() + " was not opened: one log is shown at a time");
    if (content.balance && !all.balance) all.balance = std::move(content.balance);
    if (content.waits && !all.waits) all.waits = std::move(content.waits);
    append(all.sets, std::move(content.sets));
  };
  const bool alone = paths.size() == 1;
  const Path first = paths.front();
  if (auto sum = alone ? std::nullopt : sum_of_ranks(paths, all.file_notes, progress))
    all.sets.push_back(std::move(*sum));
  for (const Path& path : paths) {
    progress.check();
    try {
      take(path, open_loads(path, progress, reading));
    } catch (const AmbiguousArray&) {
      throw;
    } catch (const Error& error) {
      if (alone) throw;
      all.file_notes.push_back(
          fmt::format("{} was not opened: {}", path.filename().string(), error.what()));
    }
  }
  if (all.sets.empty() && !all.balance && !all.waits)
    throw Error(first.string(), "",
                fmt::format("none of {} files could be opened: {}", paths.size(),
                            fmt::join(all.file_notes, "; ")));
  if (!alone) all.sets = join_loads(std::move(all.sets));
  return all;
}

}  // namespace moescope
