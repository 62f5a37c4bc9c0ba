#include "core/placement/remote_nodes.h"

#include <algorithm>

namespace moescope {

using Index = std::size_t;

std::vector<int> nodes_of_slots(const Plan& plan, const std::vector<int>& slots,
                                int slots_per_gpu) {
  std::vector<int> nodes;
  for (const int s : slots) {
    const int node = plan.node_of_gpu(s / slots_per_gpu);
    if (std::find(nodes.begin(), nodes.end(), node) == nodes.end()) nodes.push_back(node);
  }
  return nodes;
}

int remote_nodes_of_token(std::span<const std::int16_t> experts, std::size_t token,
                          const NodesOfExperts& nodes_of, int nodes, std::vector<int>& visited) {
  visited.assign(1, static_cast<int>(token % static_cast<Index>(nodes)));
  for (const bool single : {true, false})  // experts without a choice first
    for (const auto id : experts) {
      if (id < 0 || id >= static_cast<int>(nodes_of.size())) continue;
      const auto& at = nodes_of[static_cast<Index>(id)];
      if ((at.size() == 1) != single || at.empty()) continue;
      if (std::find_first_of(at.begin(), at.end(), visited.begin(), visited.end()) == at.end())
        visited.push_back(at[token % at.size()]);
    }
  return static_cast<int>(visited.size()) - 1;
}

RemoteCounter::RemoteCounter(const Routes& routes, int layer, int nodes, NodesOfExperts nodes_of,
                             std::size_t limit)
    : top_k_(routes.top_k), nodes_(nodes), nodes_of_(std::move(nodes_of)) {
  const Index all = routes.tokens(), counted = std::min(all, limit);
  const auto k = static_cast<Index>(top_k_);
  first_.assign(nodes_of_.size() + 1, 0);
  for (Index i = 0; i < counted; ++i) {
    const Index t = counted == all ? i : i * all / counted;
    const auto* ids =
        &routes.experts[(t * static_cast<Index>(routes.layers) + static_cast<Index>(layer)) * k];
    token_.push_back(static_cast<std::uint32_t>(t));
    experts_.insert(experts_.end(), ids, ids + k);
  }
  const auto valid = [&](std::int16_t e) {
    return e >= 0 && static_cast<Index>(e) < nodes_of_.size();
  };
  for (const auto e : experts_)
    if (valid(e)) ++first_[static_cast<Index>(e) + 1];
  for (Index e = 1; e < first_.size(); ++e) first_[e] += first_[e - 1];
  users_.resize(first_.back());
  auto next = first_;
  for (Index i = 0; i < experts_.size(); ++i)
    if (valid(experts_[i]))
      users_[next[static_cast<Index>(experts_[i])]++] = static_cast<std::uint32_t>(i / k);
  remote_.resize(counted);
  seen_.assign(counted, 0);
  for (Index i = 0; i < counted; ++i) {
    remote_[i] = static_cast<std::uint16_t>(count(i));
    total_ += remote_[i];
  }
}

int RemoteCounter::count(std::size_t index) {
  const auto k = static_cast<Index>(top_k_);
  return remote_nodes_of_token({&experts_[index * k], k}, token_[index], nodes_of_, nodes_,
                               visited_);
}

double RemoteCounter::per_token() const {
  return token_.empty() ? 0 : static_cast<double>(total_) / static_cast<double>(token_.size());
}

void RemoteCounter::update(std::vector<std::pair<int, std::vector<int>>> moved) {
  ++update_;
  std::erase_if(moved, [&](auto& one) {
    auto& nodes = nodes_of_[static_cast<Index>(one.first)];
    if (nodes == one.second) return true;
    nodes.swap(one.second);
    return false;
  });
  for (const auto& one : moved) {
    const auto e = static_cast<Index>(one.first);
    for (auto u = first_[e]; u < first_[e + 1]; ++u) {
      const Index i = users_[u];
      if (seen_[i] == update_) continue;
      seen_[i] = update_;
      total_ -= remote_[i];
      remote_[i] = static_cast<std::uint16_t>(count(i));
      total_ += remote_[i];
    }
  }
}

}  // namespace moescope
