#include "core/loads/logs/wait_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "core/error.h"
#include "core/loads/files/load_file.h"
#include "core/loads/files/text_scan.h"

namespace moescope {
namespace {

constexpr int kMaxRanks = 4096;
/// Values of all matrices; a row of a log may stand for a whole one.
constexpr std::size_t kMaxValues = std::size_t{1} << 26;
/// More than any clock or counter prints, and few enough that sums are finite.
constexpr double kMostWait = 1e18;

struct Line {
  std::string_view time;
  int rank = 0;
  std::vector<double> waits;
};

/// nullopt for lines of other kinds.
std::optional<Line> parse_line(std::string_view line) {
  const auto rank = number_after(line, "rank=");
  const auto list = line.rfind('[');
  if (!rank || list == std::string_view::npos || line.find("rank=") > list || *rank < 0 ||
      *rank >= kMaxRanks || *rank != std::floor(*rank))
    return std::nullopt;
  const auto close = line.find(']', list);
  if (close == std::string_view::npos) return std::nullopt;  // cut off
  Line result;
  result.rank = static_cast<int>(*rank);
  result.time = between(line, "[", "]").value_or(std::string_view());
  auto rest = line.substr(list + 1, close - list - 1);
  while (true) {
    const auto start = rest.find_first_not_of(" ,\t");
    if (start == std::string_view::npos) break;
    rest.remove_prefix(start);
    double value = 0;
    const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (failed != std::errc() || !(value >= 0 && value <= kMostWait)) return std::nullopt;
    result.waits.push_back(value);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  }
  if (result.waits.empty() || result.waits.size() > kMaxRanks) return std::nullopt;
  return result;
}

struct Round {
  std::string time;
  std::map<int, std::vector<double>> rows;
};

WaitMatrix matrix_of(const Round& round, int ranks) {
  WaitMatrix matrix{round.time, LoadMatrix(ranks, ranks)};
  for (const auto& [rank, waits] : round.rows)
    for (int to = 0; to < ranks; ++to)
      matrix.values.at(rank, to) = waits[static_cast<std::size_t>(to)];
  return matrix;
}

WaitLog make_log(const std::string& source, const std::vector<Round>& rounds, int ranks) {
  if (rounds.empty())
    throw Error(source, "", "holds no wait matrix of DeepXTrace",
                "Lines look like: [time] rank=R [n0 n1 ..]");
  WaitLog log{source, {}, {}};
  int partial = 0;
  for (const Round& round : rounds) {
    if (round.rows.rbegin()->first >= ranks)
      throw Error(source, fmt::format("rank {}", round.rows.rbegin()->first),
                  fmt::format("the rows have {} values, so there is no such rank", ranks));
    partial += static_cast<int>(round.rows.size()) < ranks ? 1 : 0;
    log.matrices.push_back(matrix_of(round, ranks));
  }
  if (partial > 0)
    log.notes.push_back(
        fmt::format("{} of {} matrices lack the rows of some ranks", partial, rounds.size()));
  log.notes.push_back(
      "the values are summed over warps: they order the ranks, but are not wall times");
  return log;
}

class WaitReader {
 public:
  explicit WaitReader(std::string source) : source_(std::move(source)) {}

  void read(std::string_view line, std::int64_t number) {
    auto parsed = parse_line(line);
    if (!parsed) return;
    if (ranks_ == 0) ranks_ = parsed->waits.size();
    if (parsed->waits.size() != ranks_)
      throw Error(source_, fmt::format("line {}", number),
                  fmt::format("rank {} prints {} values, the lines before {}", parsed->rank,
                              parsed->waits.size(), ranks_));
    if (rounds_.empty() || rounds_.back().rows.count(parsed->rank) != 0) {
      if ((rounds_.size() + 1) * ranks_ * ranks_ > kMaxValues)
        throw Error(source_, fmt::format("line {}", number),
                    fmt::format("has more matrices of {0} x {0} than can be kept", ranks_),
                    "Give a part of the log");
      rounds_.push_back({std::string(parsed->time), {}});
    }
    rounds_.back().rows[parsed->rank] = std::move(parsed->waits);
  }
  WaitLog finish() const { return make_log(source_, rounds_, static_cast<int>(ranks_)); }

 private:
  std::string source_;
  std::vector<Round> rounds_;
  std::size_t ranks_ = 0;
};

}  // namespace

bool has_wait_lines(std::string_view text) {
  std::string_view line;
  while (next_line(text, line))
    if (parse_line(line)) return true;
  return false;
}

WaitLog parse_wait_log(std::string_view text, const std::string& source, Progress& progress) {
  WaitReader reader(source);
  std::string_view line;
  for (std::int64_t number = 1; next_line(text, line); ++number) {
    if (number % 65536 == 0) progress.check();
    reader.read(line, number);
  }
  return reader.finish();
}

WaitLog read_wait_log(const std::filesystem::path& path, Progress& progress) {
  WaitReader reader(path.string());
  for_each_log_line(path, progress,
                    [&](std::string_view line, std::int64_t number) { reader.read(line, number); });
  return reader.finish();
}

std::vector<SlowPart> slow_parts(const LoadMatrix& waits) {
  double total = 0, count = 0;
  const auto n = static_cast<std::size_t>(waits.rows);
  std::vector<double> row_sum(n, 0), row_count(n, 0), column_sum(n, 0), column_count(n, 0);
  for (int r = 0; r < waits.rows; ++r)
    for (int c = 0; c < waits.columns; ++c) {
      const double value = waits.at(r, c);
      if (std::isnan(value)) continue;
      const auto i = static_cast<std::size_t>(r), j = static_cast<std::size_t>(c);
      total += value, ++count;
      row_sum[i] += value, ++row_count[i];
      column_sum[j] += value, ++column_count[j];
    }
  if (!(total > 0)) return {};
  const double mean = total / count;
  std::vector<SlowPart> lines, cells;
  std::vector<bool> slow_row(n, false), slow_column(n, false);
  for (std::size_t i = 0; i < n; ++i) {
    const double row = row_count[i] > 0 ? row_sum[i] / row_count[i] / mean : 0;
    const double column = column_count[i] > 0 ? column_sum[i] / column_count[i] / mean : 0;
    slow_row[i] = row > kSlowLine;
    slow_column[i] = column > kSlowLine;
    if (slow_column[i])
      lines.push_back({SlowPart::Kind::CompSlow, -1, static_cast<int>(i), column});
    if (slow_row[i]) lines.push_back({SlowPart::Kind::MixedSlow, static_cast<int>(i), -1, row});
  }
  for (int r = 0; r < waits.rows; ++r)
    for (int c = 0; c < waits.columns; ++c)
      if (!slow_row[static_cast<std::size_t>(r)] && !slow_column[static_cast<std::size_t>(c)] &&
          waits.at(r, c) > kSlowCell * mean)
        cells.push_back({SlowPart::Kind::CommSlow, r, c, waits.at(r, c) / mean});
  const auto further = [](const auto& a, const auto& b) { return a.times_mean > b.times_mean; };
  std::stable_sort(lines.begin(), lines.end(), further);
  std::stable_sort(cells.begin(), cells.end(), further);
  lines.insert(lines.end(), cells.begin(), cells.end());
  return lines;
}

std::string_view to_string(SlowPart::Kind kind) {
  switch (kind) {
    case SlowPart::Kind::CompSlow:
      return "Comp-Slow";
    case SlowPart::Kind::MixedSlow:
      return "Mixed-Slow";
    case SlowPart::Kind::CommSlow:
      break;
  }
  return "Comm-Slow";
}

}  // namespace moescope
