#include "core/loads/read/route_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/loads/files/load_budget.h"

namespace moescope {
namespace {

using Index = std::size_t;
constexpr double kMaxExpert = 32767;

/// As engines make the rows, before a router writes into them: all zero, or all -1.
template <typename Row>
bool is_blank(const Row& row) {
  return (row.size() > 1 && row[0] == 0 &&
          std::all_of(row.begin(), row.end(), [](auto v) { return v == 0; })) ||
         std::all_of(row.begin(), row.end(), [](auto v) { return v == -1; });
}

/// Why the numbers cannot be the experts of a token; empty when they can.
std::string row_problem(std::span<const double> row) {
  for (const double v : row)
    if (!(v >= -1 && v <= kMaxExpert && v == std::floor(v)))
      return fmt::format("{} is not an expert", v);
  if (is_blank(row)) return "";
  std::array<double, kMaxTopK> sorted{};
  const auto end =
      std::copy_if(row.begin(), row.end(), sorted.begin(), [](double v) { return v >= 0; });
  std::sort(sorted.begin(), end);
  const auto twice = std::adjacent_find(sorted.begin(), end);
  return twice == end ? "" : fmt::format("expert {} stands twice", *twice);
}

}  // namespace

RouteTable::RouteTable(std::string source, Index layers, Index top_k)
    : source_(std::move(source)), layers_(layers), top_k_(top_k) {
  if (layers < 1 || layers > kMaxPlanLayers || top_k < 1 || top_k > kMaxTopK)
    throw Error(source_, "routes",
                fmt::format("have {} layers and {} experts of a token, expected at most {} and {}",
                            layers, top_k, kMaxPlanLayers, kMaxTopK));
}

void RouteTable::fail(const std::string& problem) const {
  const auto row = experts_.size() / top_k_;
  throw Error(source_, fmt::format("token {}, layer {}", row / layers_, row % layers_), problem,
              "Expected routes [token][layer][expert]; open counts of tokens as counts",
              "--as counts");
}

void RouteTable::add(std::span<const double> experts) {
  if (experts.size() != top_k_)
    fail(fmt::format("has {} experts, expected {}", experts.size(), top_k_));
  if (const auto problem = row_problem(experts); !problem.empty()) fail(problem);
  if (experts_.size() + top_k_ > kMaxLoadValues)
    throw Error(source_, "", "there are more routes than can be kept", "Give fewer tokens");
  for (const double e : experts) experts_.push_back(static_cast<std::int16_t>(e));
}

void RouteTable::end_text() {
  texts_.push_back(experts_.size() / (layers_ * top_k_));
}

std::vector<bool> RouteTable::routed_layers() const {
  std::vector<bool> routed(layers_, false);
  for (Index i = 0; i < experts_.size(); i += top_k_)
    if (!is_blank(std::span(experts_).subspan(i, top_k_))) routed[i / top_k_ % layers_] = true;
  return routed;
}

/// Rows of layers with a router that were never written; how many.
Index RouteTable::clear_blank_rows() {
  Index found = 0;
  for (Index i = 0; i < experts_.size(); i += top_k_) {
    const auto row = std::span(experts_).subspan(i, top_k_);
    if (!is_blank(row)) continue;
    std::fill(row.begin(), row.end(), std::int16_t{-1});
    ++found;
  }
  return found;
}

void RouteTable::keep_layers(const std::vector<bool>& kept) {
  Index to = 0;
  for (Index i = 0; i < experts_.size(); ++i)
    if (kept[i / top_k_ % layers_]) experts_[to++] = experts_[i];
  experts_.resize(to);
  layers_ = static_cast<Index>(std::count(kept.begin(), kept.end(), true));
}

void RouteTable::count(LoadSet& loads, Index windows) const {
  loads.windows.assign(windows,
                       LayerLoads(layers_, std::vector<double>(static_cast<Index>(loads.experts))));
  const Index texts = texts_.size() - 1;
  for (Index text = 0; text < texts; ++text) {
    auto& window = loads.windows[text * windows / texts];
    for (Index i = texts_[text] * layers_ * top_k_; i < texts_[text + 1] * layers_ * top_k_; ++i)
      if (experts_[i] >= 0) window[i / top_k_ % layers_][static_cast<Index>(experts_[i])] += 1;
  }
}

void RouteTable::finish(LoadSet& loads, const LoadReading& reading) {
  if (experts_.empty() || experts_.size() % (layers_ * top_k_) != 0)
    throw Error(source_, "", experts_.empty() ? "holds no routes" : "is cut off in a token");
  if (texts_.back() != experts_.size() / (layers_ * top_k_)) end_text();
  const auto routed = routed_layers();
  if (const auto count = std::count(routed.begin(), routed.end(), true);
      count > 0 && static_cast<Index>(count) < layers_) {
    loads.notes.push_back(fmt::format(
        "{} of {} layers have no router (dense layers) and were left out; the others keep their "
        "numbers",
        static_cast<long>(layers_) - count, layers_));
    for (Index l = 0; l < layers_; ++l)
      if (routed[l]) loads.layer_ids.push_back(static_cast<int>(l));
    keep_layers(routed);
  }
  if (const auto blank = clear_blank_rows(); blank > 0)
    loads.notes.push_back(fmt::format(
        "{} times a layer has no route of a token (it was not computed, or not recorded)", blank));
  const int named = *std::max_element(experts_.begin(), experts_.end()) + 1;
  loads.experts = std::max(loads.experts, reading.experts.value_or(0));
  if (loads.experts > 0 && loads.experts < named)
    throw Error(source_, "",
                fmt::format("names expert {}, there are {}", named - 1, loads.experts));
  if (loads.experts == 0) {
    loads.experts = std::max(named, 1);
    loads.notes.push_back(fmt::format(
        "the number of experts is not recorded: {}, as the highest that a token went to "
        "is {}",
        loads.experts, named - 1));
  }
  constexpr Index kMaxWindows = 4096;
  const Index windows = std::min(texts_.size() - 1, kMaxWindows);
  LoadBudget(source_).take(windows, layers_, static_cast<Index>(loads.experts), "routes");
  count(loads, windows);
  loads.top_k = static_cast<int>(top_k_);
  loads.ordered_in_time = windows < 2;
  loads.routes = {static_cast<int>(layers_), static_cast<int>(top_k_), std::move(experts_)};
}

bool RouteTest::add(std::span<const double> row) {
  if (row.size() > kMaxTopK)
    problem_ = fmt::format("a token has {} experts", row.size());
  else if (const auto problem = row_problem(row); !problem.empty())
    problem_ = fmt::format("row {}: {}", rows_, problem);
  if (!problem_.empty()) return false;
  // An expert number far outside is still an expert, but carries no weight.
  constexpr Index kNumbers = 4096, kMaxCells = Index{1} << 24;
  const Index layer = rows_++ % layers_;
  if (layers_ * width_ * kNumbers > kMaxCells || is_blank(row)) return true;
  seen_.resize(layers_ * width_);
  for (Index c = 0; c < width_; ++c) {
    if (row[c] < 0 || row[c] >= kNumbers) continue;
    auto& counts = seen_[layer * width_ + c];
    const auto number = static_cast<Index>(row[c]);
    if (number >= counts.size()) counts.resize(number + 1, 0);
    ++counts[number];
  }
  return true;
}

RouteEvidence RouteTest::evidence() const {
  RouteEvidence found{problem_.empty() && rows_ > 0, 0, problem_};
  if (!found.possible || seen_.empty()) return found;
  const double tokens = std::ceil(static_cast<double>(rows_) / static_cast<double>(layers_));
  for (Index layer = 0; layer < layers_; ++layer)
    for (Index a = 0; a < width_; ++a)
      for (Index b = a + 1; b < width_; ++b) {
        const auto& x = seen_[layer * width_ + a];
        const auto& y = seen_[layer * width_ + b];
        for (Index n = 0; n < std::min(x.size(), y.size()); ++n)
          found.expected_repeats += static_cast<double>(x[n]) * static_cast<double>(y[n]) / tokens;
      }
  return found;
}

}  // namespace moescope
