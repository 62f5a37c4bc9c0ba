#include "core/analysis/compare/causes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/figure_text.h"

namespace moescope {
namespace {

const Difference* find_row(const Comparison& c, const char* scope, const std::string& key,
                           const char* figure) {
  for (const Difference& row : c.differences)
    if (row.scope == scope && row.key == key && row.figure == figure) return &row;
  return nullptr;
}

std::string signed_percent(const Difference& row) {
  const auto percent = row.delta_percent();
  return percent ? fmt::format(" ({:+.1f} %)", *percent) : "";
}

/// "4.19 ms -> 8.40 ms (+100.5 %)", per step where the traces have different numbers of steps.
std::string from_to(const Difference& row) {
  const bool per_step = row.a_per_step && row.b_per_step && row.a && row.b &&
                        std::abs(*row.a / *row.a_per_step - *row.b / *row.b_per_step) > 0.5;
  if (!per_step)
    return fmt::format("{} -> {}{}", duration_text(*row.a), duration_text(*row.b),
                       signed_percent(row));
  return fmt::format("{} -> {} per step ({:+.1f} %)", duration_text(*row.a_per_step),
                     duration_text(*row.b_per_step),
                     100 * (*row.b_per_step - *row.a_per_step) / *row.a_per_step);
}

/// "step", "decode step" of a row with the length of those; "" of any other.
std::string step_of(const Difference& row) {
  if (row.scope != "trace" || !row.figure.ends_with("step_ns")) return "";
  if (row.figure == "step_ns") return "step";
  return row.figure.substr(0, row.figure.find('_')) + " step";
}

/// What the whole did: its steps, exposed communication, and the time of all where no step says it.
void add_whole(const Comparison& c, std::vector<std::string>& sentences) {
  bool steps = false;
  for (const Difference& row : c.differences) {
    const std::string words = step_of(row);
    if (words.empty() || !row.a || !row.b) continue;
    steps = true;
    if (row.significant) sentences.push_back(fmt::format("time of a {}: {}", words, from_to(row)));
  }
  for (const auto& [figure, words] :
       {std::pair{"exposed_comm_ns", "exposed communication, all devices together"},
        std::pair{"span_ns", "time from first to last GPU work, all devices together"}}) {
    const Difference* row = find_row(c, "trace", "", figure);
    if (row == nullptr || !row->significant || !row->a || !row->b) continue;
    if (steps && row->figure == "span_ns") continue;
    sentences.push_back(fmt::format("{}: {}", words, from_to(*row)));
  }
}

/// How the work was run: what was set up differently explains the rest.
void add_setup(const Comparison& c, std::vector<std::string>& sentences) {
  const auto changed = [&](const char* figure) {
    const Difference* row = find_row(c, "trace", "", figure);
    return row != nullptr && row->significant && row->a && row->b ? row : nullptr;
  };
  if (const auto* row = changed("comm_workers"))
    sentences.push_back(fmt::format("a rank has {:.1f} workers for communication, before {:.1f}",
                                    *row->b, *row->a));
  if (const auto* row = changed("comm_sms"))
    sentences.push_back(fmt::format("communication holds {:.1f} {} while it runs, before {:.1f}",
                                    *row->b, row->label, *row->a));
  if (const auto* row = changed("micro_batch_overlap_ns"))
    sentences.push_back(fmt::format("micro-batches run beside each other {}: {}",
                                    row->change == Change::Less ? "less" : "longer",
                                    from_to(*row)));
  if (const auto* row = changed("overlap_pct"))
    sentences.push_back(
        fmt::format("hidden share of communication: {:.1f} % -> {:.1f} %", *row->a, *row->b));
  if (const auto* row = changed("compute_imbalance"))
    sentences.push_back(
        fmt::format("compute of the busiest device is {:.2f} times the mean of the devices, before "
                    "{:.2f}",
                    *row->b, *row->a));
}

/// Of a kernel why its total changed: how often it ran, or how long a run takes.
std::string reason_of(const Comparison& c, const Difference& total) {
  const Difference* count = find_row(c, "kernel", total.key, "count");
  const Difference* mean = find_row(c, "kernel", total.key, "mean_ns");
  if (count == nullptr || mean == nullptr) return "";
  const std::string runs = *count->a == *count->b
                               ? fmt::format("{} runs in both", count_text(std::llround(*count->a)))
                               : fmt::format("{} -> {} runs", count_text(std::llround(*count->a)),
                                             count_text(std::llround(*count->b)));
  return fmt::format("; {}, {} -> {} each", runs, duration_text(*mean->a), duration_text(*mean->b));
}

std::string kernel_sentence(const Comparison& c, const Difference& row) {
  const auto runs = [&](std::optional<double> Difference::*side) {
    const Difference* count = find_row(c, "kernel", row.key, "count");
    const auto times = count != nullptr ? std::llround((count->*side).value_or(0)) : 0;
    return times == 1 ? std::string("1 run") : count_text(times) + " runs";
  };
  if (row.change == Change::New)
    return fmt::format("new: {}, {} in {}", row.label, duration_text(*row.b), runs(&Difference::b));
  if (row.change == Change::Gone)
    return fmt::format("gone: {}, {} in {}", row.label, duration_text(*row.a),
                       runs(&Difference::a));
  return fmt::format("{} is {}: {}{}", row.label, to_string(row.change), from_to(row),
                     reason_of(c, row));
}

/// How much a row moved, ns, in what its trace has of steps.
double moved(const Difference& row) {
  return std::abs(row.delta());
}

}  // namespace

std::vector<std::string> causes_of(const Comparison& c, std::size_t most) {
  std::vector<std::string> sentences;
  add_whole(c, sentences);
  add_setup(c, sentences);
  std::vector<const Difference*> kernels;
  for (const Difference& row : c.differences)
    if (row.scope == "kernel" && row.figure == "total_ns" && row.significant)
      kernels.push_back(&row);
  std::stable_sort(kernels.begin(), kernels.end(),
                   [](const auto* x, const auto* y) { return moved(*x) > moved(*y); });
  for (const Difference* row : kernels) {
    if (sentences.size() >= most) break;
    sentences.push_back(kernel_sentence(c, *row));
  }
  if (sentences.empty())
    sentences.push_back(std::any_of(c.differences.begin(), c.differences.end(),
                                    [](const Difference& row) { return row.delta() != 0; })
                            ? "nothing differs by more than noise"
                            : "nothing differs");
  return sentences;
}

}  // namespace moescope
