#include "core/placement/solve/construct.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "core/error.h"
#include "core/placement/plan.h"

namespace moescope {
namespace {

using Index = std::size_t;

bool allowed(const SearchProblem& p, int expert, int gpu) {
  return p.allowed.empty() || p.allowed[static_cast<Index>(expert) * static_cast<Index>(p.gpus) +
                                        static_cast<Index>(gpu)] != 0;
}

/// Counts per expert of the cell, at most one per allowed GPU unless slots are
/// left over.
std::vector<int> cell_counts(const SearchProblem& p, const std::vector<double>& loads,
                             const Cell& cell) {
  const int slots = static_cast<int>(cell.gpus.size()) * p.slots_per_gpu;
  std::vector<int> counts(cell.experts.size(), 1), limit(cell.experts.size(), 0);
  std::priority_queue<std::pair<double, int>> heap;
  for (Index i = 0; i < cell.experts.size(); ++i) {
    const int e = cell.experts[i];
    for (const int g : cell.gpus) limit[i] += allowed(p, e, g) ? 1 : 0;
    if (limit[i] == 0)
      throw Error("", fmt::format("expert {}", e), "may live on no GPU",
                  "Allow it on a live GPU of its node");
    if (limit[i] > 1) heap.emplace(loads[static_cast<Index>(e)], -static_cast<int>(i));
  }
  int left = slots - static_cast<int>(cell.experts.size());
  if (left < 0)
    throw Error(
        "", "slots",
        fmt::format("{} slots on live GPUs cannot hold {} experts", slots, cell.experts.size()),
        "Give more slots");
  for (; left > 0 && !heap.empty(); --left) {
    const auto i = static_cast<Index>(-heap.top().second);
    heap.pop();
    if (++counts[i] < limit[i])
      heap.emplace(loads[static_cast<Index>(cell.experts[i])] / counts[i], -static_cast<int>(i));
  }
  for (Index i = 0; left > 0; i = (i + 1) % counts.size(), --left) ++counts[i];
  return counts;
}

/// GPUs of a cell while they are filled.
class Filling {
 public:
  Filling(const SearchProblem& p, const Cell& cell, std::vector<int>& row)
      : p_(p),
        cell_(cell),
        row_(row),
        used_(static_cast<Index>(p.gpus), 0),
        load_(static_cast<Index>(p.gpus), 0.0) {}

  void add(int expert, double share) {
    int g = lightest(expert, false);
    if (g < 0 && make_room(expert, share)) return;
    if (g < 0) g = lightest(expert, true);
    if (g < 0)
      throw Error("", fmt::format("expert {}", expert), "has no allowed slot", "Forbid fewer GPUs");
    put(g, expert, share);
  }

 private:
  Index base(int gpu) const {
    return static_cast<Index>(gpu) * static_cast<Index>(p_.slots_per_gpu);
  }
  bool holds(int gpu, int expert) const {
    const auto begin = row_.begin() + static_cast<long>(base(gpu));
    return std::find(begin, begin + used_[static_cast<Index>(gpu)], expert) !=
           begin + used_[static_cast<Index>(gpu)];
  }
  bool room(int gpu) const { return used_[static_cast<Index>(gpu)] < p_.slots_per_gpu; }
  int lightest(int expert, bool duplicates) const {
    int best = -1;
    for (const int g : cell_.gpus)
      if (room(g) && allowed(p_, expert, g) && (duplicates || !holds(g, expert)) &&
          (best < 0 || load_[static_cast<Index>(g)] < load_[static_cast<Index>(best)]))
        best = g;
    return best;
  }
  void put(int gpu, int expert, double share) {
    row_[base(gpu) + static_cast<Index>(used_[static_cast<Index>(gpu)]++)] = expert;
    load_[static_cast<Index>(gpu)] += share;
  }
  /// Moves an expert from a full GPU to one with room, so that `expert` can
  /// take its slot.
  bool make_room(int expert, double share) {
    for (const int h : cell_.gpus) {
      if (holds(h, expert) || !allowed(p_, expert, h)) continue;
      for (int i = 0; i < used_[static_cast<Index>(h)]; ++i) {
        int& other = row_[base(h) + static_cast<Index>(i)];
        const int g = lightest(other, false);
        if (g < 0) continue;
        put(g, other, share);
        other = expert;
        return true;
      }
    }
    return false;
  }

  const SearchProblem& p_;
  const Cell& cell_;
  std::vector<int>& row_;
  std::vector<int> used_;
  std::vector<double> load_;
};

/// Whether the slot may be given to another expert: its own has further
/// replicas.
bool spare(const std::vector<int>& row, const std::vector<int>& counts, Index slot) {
  return row[slot] >= 0 && counts[static_cast<Index>(row[slot])] > 1;
}

}  // namespace

std::vector<int> construct_row(const SearchProblem& problem, const std::vector<double>& loads,
                               const std::vector<Cell>& cells) {
  std::vector<int> row(static_cast<Index>(problem.slot_count()), kNoExpert);
  for (const auto& cell : cells) {
    const auto counts = cell_counts(problem, loads, cell);
    struct Replica {
      double share;
      int expert;
    };
    std::vector<Replica> replicas;
    for (Index i = 0; i < counts.size(); ++i)
      replicas.insert(replicas.end(), static_cast<Index>(counts[i]),
                      {loads[static_cast<Index>(cell.experts[i])] / counts[i], cell.experts[i]});
    std::stable_sort(replicas.begin(), replicas.end(),
                     [](const auto& a, const auto& b) { return a.share > b.share; });
    Filling filling(problem, cell, row);
    for (const auto& r : replicas) filling.add(r.expert, r.share);
  }
  return row;
}

void place_missing(std::vector<int>& row, const SearchProblem& problem,
                   const std::vector<double>& loads) {
  auto counts = replica_counts(row, problem.experts);
  for (int e = 0; e < problem.experts; ++e) {
    if (counts[static_cast<Index>(e)] > 0) continue;
    Index best = row.size();
    double best_share = 0;
    for (Index s = 0; s < row.size(); ++s) {
      const int gpu = static_cast<int>(s) / problem.slots_per_gpu;
      const bool fixed = !problem.fixed.empty() && problem.fixed[s] != 0;
      if (fixed || !allowed(problem, e, gpu) || !spare(row, counts, s)) continue;
      const auto other = static_cast<Index>(row[s]);
      const double share = loads[other] / counts[other];
      if (best == row.size() || share < best_share) best = s, best_share = share;
    }
    if (best == row.size())
      throw Error("", fmt::format("expert {}", e), "has no slot that it may take",
                  "Pin or forbid fewer slots, or give more of them");
    --counts[static_cast<Index>(row[best])];
    row[best] = e;
    ++counts[static_cast<Index>(e)];
  }
}

void evict_forbidden(std::vector<int>& row, const SearchProblem& problem) {
  if (problem.allowed.empty()) return;
  const auto gpu_of = [&](Index s) { return static_cast<int>(s) / problem.slots_per_gpu; };
  const auto fixed = [&](Index s) { return !problem.fixed.empty() && problem.fixed[s] != 0; };
  const auto holds = [&](int gpu, int expert) {
    const auto begin = row.begin() + gpu * problem.slots_per_gpu;
    return std::find(begin, begin + problem.slots_per_gpu, expert) != begin + problem.slots_per_gpu;
  };
  const auto fits = [&](int expert, int gpu) {
    return allowed(problem, expert, gpu) && !holds(gpu, expert);
  };
  for (Index s = 0; s < row.size(); ++s) {
    const int e = row[s], g = gpu_of(s);
    if (e < 0 || fixed(s) || allowed(problem, e, g)) continue;
    const auto counts = replica_counts(row, problem.experts);
    Index partner = row.size();
    for (Index t = 0; t < row.size() && partner == row.size(); ++t)
      if (row[t] >= 0 && !fixed(t) && gpu_of(t) != g && fits(e, gpu_of(t)) && fits(row[t], g))
        partner = t;
    int other = kNoExpert;
    for (int x = 0; x < problem.experts && other < 0; ++x)
      if (fits(x, g)) other = x;
    if (partner != row.size())
      std::swap(row[s], row[partner]);
    else if (counts[static_cast<Index>(e)] > 1 && other >= 0)
      row[s] = other;
    else
      throw Error("", fmt::format("expert {}", e),
                  fmt::format("may not live on GPU {} and has no other slot", g),
                  "Forbid fewer GPUs");
  }
}

void apply_pins(std::vector<int>& row, const SearchProblem& problem,
                const std::vector<PinnedSlot>& pins) {
  for (const auto& pin : pins) {
    const auto slot = static_cast<Index>(pin.slot);
    if (row[slot] == pin.expert) continue;
    const Index first = slot / static_cast<Index>(problem.slots_per_gpu) *
                        static_cast<Index>(problem.slots_per_gpu);
    // On the same GPU the two just change places; else a replica elsewhere
    // takes the expert that has to go, when it may.
    Index partner = row.size();
    for (Index s = first; s < first + static_cast<Index>(problem.slots_per_gpu); ++s)
      if (row[s] == pin.expert && !problem.fixed[s]) partner = s;
    for (Index s = 0; s < row.size() && partner == row.size(); ++s) {
      const int gpu = static_cast<int>(s) / problem.slots_per_gpu;
      const auto begin = row.begin() + gpu * problem.slots_per_gpu;
      if (row[s] == pin.expert && !problem.fixed[s] && row[slot] >= 0 &&
          allowed(problem, row[slot], gpu) &&
          std::find(begin, begin + problem.slots_per_gpu, row[slot]) ==
              begin + problem.slots_per_gpu)
        partner = s;
    }
    if (partner != row.size())
      std::swap(row[slot], row[partner]);
    else
      row[slot] = pin.expert;
  }
}

}  // namespace moescope
