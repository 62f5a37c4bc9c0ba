#include "gpu/comm/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "core/error.h"

namespace moescope::runtime {
namespace {

/// Front of a dispatched row; the choices and the hidden state follow.
struct RowFront {
  std::int32_t token = 0;
  std::int32_t count = 0;
};

/// Front of a list of tokens.
struct ListFront {
  std::uint32_t epoch = 0;  ///< of the sender's plan
  std::int32_t count = 0;
};

std::span<const std::byte> bytes_of(const void* data, std::size_t size) {
  return {static_cast<const std::byte*>(data), size};
}

}  // namespace

std::vector<int> Group::node_table() const {
  std::vector<int> table;
  for (int member = 0; member < size; ++member) table.push_back(node_of(member));
  return table;
}

/// What a member remembers of the layer it is in.
struct Exchange::Member {
  std::uint64_t layers = 0;      ///< so far, the current one included
  std::uint32_t plan_epoch = 0;  ///< of the plan in the current layer
  std::vector<std::vector<Choice>> choices;
  std::vector<Arrival> arrivals;
};

Exchange::Exchange(AddressSpace& space, Group group, ExchangeShape shape, DispatchMode dispatch,
                   CombineMode combine)
    : space_(space), group_(group), shape_(shape), dispatch_(dispatch), combine_(combine) {
  const auto tokens = static_cast<std::size_t>(shape_.max_tokens);
  const auto size = static_cast<std::size_t>(group_.size),
             nodes = static_cast<std::size_t>(group_.nodes);
  output_bytes_ = static_cast<std::size_t>(shape_.hidden) * sizeof(float);
  row_bytes_ = sizeof(RowFront) + static_cast<std::size_t>(shape_.max_choices) * sizeof(Choice) +
               output_bytes_;
  const std::size_t list = list_bytes();
  rows_ = space_.add_window(size * tokens * row_bytes_);
  lists_ = space_.add_window(size * list);
  const bool per_node = dispatch_ == DispatchMode::PerNode;
  forward_rows_ = space_.add_window(per_node ? nodes * tokens * row_bytes_ : 0);
  forward_lists_ = space_.add_window(per_node ? nodes * list : 0);
  const bool ordered = combine_ == CombineMode::Ordered;
  parts_ = ordered ? static_cast<std::size_t>(shape_.max_choices) : per_node ? nodes : size;
  outputs_ = space_.add_window(tokens * parts_ * output_bytes_);
  partials_ = space_.add_window(!ordered && per_node ? size * tokens * output_bytes_ : 0);
  arrived_ = space_.add_flag();
  forwarded_ = space_.add_flag();
  partial_ready_ = space_.add_flag();
  returned_ = space_.add_flag();
  for (int member = 0; member < group_.size; ++member)
    members_.push_back(std::make_unique<Member>());
}

Exchange::~Exchange() = default;

std::size_t Exchange::row_offset(int source, int token) const {
  return (static_cast<std::size_t>(source) * static_cast<std::size_t>(shape_.max_tokens) +
          static_cast<std::size_t>(token)) *
         row_bytes_;
}

std::size_t Exchange::list_bytes() const {
  return sizeof(ListFront) + static_cast<std::size_t>(shape_.max_tokens) * sizeof(std::int32_t);
}

std::size_t Exchange::list_offset(int source) const {
  return static_cast<std::size_t>(source) * list_bytes();
}

void Exchange::pack(int token, const float* x, std::span<const Choice> choices,
                    std::vector<std::byte>& row) const {
  row.assign(row_bytes_, std::byte{0});
  const RowFront front{token, static_cast<std::int32_t>(choices.size())};
  std::memcpy(row.data(), &front, sizeof front);
  std::memcpy(row.data() + sizeof front, choices.data(), choices.size_bytes());
  std::memcpy(row.data() + row_bytes_ - output_bytes_, x, output_bytes_);
}

std::vector<Choice> Exchange::choices_of(const std::byte* row) const {
  RowFront front;
  std::memcpy(&front, row, sizeof front);
  std::vector<Choice> choices(static_cast<std::size_t>(front.count));
  std::memcpy(choices.data(), row + sizeof front, choices.size() * sizeof(Choice));
  return choices;
}

void Exchange::write_list(int from, int to, WindowId window, int slot,
                          const std::vector<int>& tokens) {
  const ListFront front{members_[static_cast<std::size_t>(from)]->plan_epoch,
                        static_cast<std::int32_t>(tokens.size())};
  std::vector<std::byte> list(sizeof front + tokens.size() * sizeof(std::int32_t));
  std::memcpy(list.data(), &front, sizeof front);
  if (!tokens.empty())
    std::memcpy(list.data() + sizeof front, tokens.data(), list.size() - sizeof front);
  space_.write(rank(from), {rank(to), window, list_offset(slot)}, list, Purpose::Control);
}

std::vector<int> Exchange::read_list(int member, WindowId window, int slot) const {
  const std::byte* place = space_.local(rank(member), window).data() + list_offset(slot);
  ListFront front;
  std::memcpy(&front, place, sizeof front);
  const std::uint32_t own = members_[static_cast<std::size_t>(member)]->plan_epoch;
  if (front.epoch != own)
    throw Error("dispatch", fmt::format("rank {}", rank(member)),
                fmt::format("is in plan epoch {}, tokens arrived from epoch {}", own, front.epoch));
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(front.count));
  std::memcpy(tokens.data(), place + sizeof front, tokens.size() * sizeof(std::int32_t));
  return {tokens.begin(), tokens.end()};
}

void Exchange::send(int member, const float* x, std::span<const std::vector<Choice>> choices,
                    std::uint32_t epoch, Team& team) {
  if (choices.size() > static_cast<std::size_t>(shape_.max_tokens))
    throw std::length_error("more tokens than the exchange has room for");
  Member& self = *members_[static_cast<std::size_t>(member)];
  ++self.layers;
  self.plan_epoch = epoch;
  self.choices.assign(choices.begin(), choices.end());
  const int tokens = static_cast<int>(choices.size());
  const bool direct = dispatch_ == DispatchMode::Direct;
  team.split(tokens, [&](int begin, int end) {
    for (int token = begin; token < end; ++token) {
      const float* row =
          x + static_cast<std::size_t>(token) * static_cast<std::size_t>(shape_.hidden);
      if (direct)
        send_direct(member, token, row);
      else
        send_per_node(member, token, row);
    }
  });
  if (direct)
    list_direct(member);
  else
    list_per_node(member);
}

std::vector<int> Exchange::servers(std::span<const Choice> choices, int node) const {
  std::vector<int> result;
  for (const Choice& choice : choices)
    if (node < 0 || group_.node_of(serving(choice)) == node) result.push_back(serving(choice));
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

void Exchange::send_direct(int member, int token, const float* x) {
  const auto& all =
      members_[static_cast<std::size_t>(member)]->choices[static_cast<std::size_t>(token)];
  std::vector<std::byte> row;
  for (const int target : servers(all, -1)) {
    std::vector<Choice> part;
    for (const Choice& choice : all)
      if (serving(choice) == target) part.push_back(choice);
    pack(token, x, part, row);
    space_.write(rank(member), {rank(target), rows_, row_offset(member, token)}, row,
                 Purpose::Dispatch);
  }
}

void Exchange::send_per_node(int member, int token, const float* x) {
  const auto& all =
      members_[static_cast<std::size_t>(member)]->choices[static_cast<std::size_t>(token)];
  const int home = group_.node_of(member);
  std::vector<std::byte> row;
  for (int node = 0; node < group_.nodes; ++node) {
    std::vector<Choice> part;
    for (const Choice& choice : all)
      if (group_.node_of(serving(choice)) == node) part.push_back(choice);
    if (part.empty()) continue;
    pack(token, x, part, row);
    if (node != home)
      space_.write(rank(member), {rank(rail(node, member)), forward_rows_, row_offset(home, token)},
                   row, Purpose::Dispatch);
    else
      spread(member, member, part, token, row, Purpose::Dispatch);
  }
}

void Exchange::spread(int member, int source, std::span<const Choice> choices, int token,
                      std::span<const std::byte> row, Purpose purpose) {
  std::vector<int> targets = servers(choices, group_.node_of(member));
  for (int& target : targets) target = rank(target);
  space_.multicast(rank(member), targets, rows_, row_offset(source, token), row, purpose);
}

void Exchange::list_direct(int member) {
  const auto& choices = members_[static_cast<std::size_t>(member)]->choices;
  std::vector<std::vector<int>> lists(static_cast<std::size_t>(group_.size));
  for (std::size_t token = 0; token < choices.size(); ++token)
    for (const int target : servers(choices[token], -1))
      lists[static_cast<std::size_t>(target)].push_back(static_cast<int>(token));
  for (int target = 0; target < group_.size; ++target) {
    write_list(member, target, lists_, member, lists[static_cast<std::size_t>(target)]);
    space_.signal(rank(target), arrived_);
  }
}

void Exchange::list_per_node(int member) {
  const auto& choices = members_[static_cast<std::size_t>(member)]->choices;
  const int home = group_.node_of(member);
  std::vector<std::vector<int>> local(static_cast<std::size_t>(group_.size));
  std::vector<std::vector<int>> remote(static_cast<std::size_t>(group_.nodes));
  for (std::size_t token = 0; token < choices.size(); ++token)
    for (int node = 0; node < group_.nodes; ++node) {
      const auto targets = servers(choices[token], node);
      if (node != home && !targets.empty())
        remote[static_cast<std::size_t>(node)].push_back(static_cast<int>(token));
      if (node == home)
        for (const int target : targets)
          local[static_cast<std::size_t>(target)].push_back(static_cast<int>(token));
    }
  for (int node = 0; node < group_.nodes; ++node) {
    if (node == home) continue;
    write_list(member, rail(node, member), forward_lists_, home,
               remote[static_cast<std::size_t>(node)]);
    space_.signal(rank(rail(node, member)), forwarded_);
  }
  announce(member, member, local);
}

void Exchange::announce(int member, int source, const std::vector<std::vector<int>>& lists) {
  const int home = group_.node_of(member);
  for (int target = home * group_.per_node(); target < (home + 1) * group_.per_node(); ++target) {
    write_list(member, target, lists_, source, lists[static_cast<std::size_t>(target)]);
    space_.signal(rank(target), arrived_);
  }
}

void Exchange::forward(int member) {
  if (dispatch_ == DispatchMode::Direct || group_.nodes == 1) return;
  const Member& self = *members_[static_cast<std::size_t>(member)];
  space_.wait(rank(member), forwarded_, self.layers * static_cast<std::uint64_t>(group_.nodes - 1));
  const int home = group_.node_of(member);
  const std::byte* rows = space_.local(rank(member), forward_rows_).data();
  for (int node = 0; node < group_.nodes; ++node) {
    if (node == home) continue;
    const int source = rail(node, member);
    std::vector<std::vector<int>> lists(static_cast<std::size_t>(group_.size));
    for (const int token : read_list(member, forward_lists_, node)) {
      const std::byte* row = rows + row_offset(node, token);
      const auto choices = choices_of(row);
      spread(member, source, choices, token, {row, row_bytes_}, Purpose::Forward);
      for (const int target : servers(choices, home))
        lists[static_cast<std::size_t>(target)].push_back(token);
    }
    announce(member, source, lists);
  }
}

const std::vector<Arrival>& Exchange::receive(int member) {
  Member& self = *members_[static_cast<std::size_t>(member)];
  space_.wait(rank(member), arrived_, self.layers * static_cast<std::uint64_t>(group_.size));
  self.arrivals.clear();
  const std::byte* rows = space_.local(rank(member), rows_).data();
  for (int source = 0; source < group_.size; ++source)
    for (const int token : read_list(member, lists_, source)) {
      const std::byte* row = rows + row_offset(source, token);
      Arrival arrival{source, token, choices_of(row), nullptr};
      std::erase_if(arrival.choices, [&](const Choice& c) { return serving(c) != member; });
      arrival.x = reinterpret_cast<const float*>(row + row_bytes_ - output_bytes_);
      self.arrivals.push_back(std::move(arrival));
    }
  return self.arrivals;
}

const std::vector<Arrival>& Exchange::arrivals(int member) const {
  return members_[static_cast<std::size_t>(member)]->arrivals;
}

void Exchange::return_outputs(int member, std::span<const float* const> outputs) {
  const Member& self = *members_[static_cast<std::size_t>(member)];
  const auto hidden = static_cast<std::size_t>(shape_.hidden);
  std::vector<float> sum(hidden);
  for (std::size_t i = 0; i < self.arrivals.size(); ++i) {
    const Arrival& arrival = self.arrivals[i];
    std::fill(sum.begin(), sum.end(), 0.0F);
    for (std::size_t j = 0; j < arrival.choices.size(); ++j) {
      const Choice& choice = arrival.choices[j];
      const float* y = outputs[i] + j * hidden;
      if (combine_ == CombineMode::Ordered)
        write_part(member, arrival, static_cast<std::size_t>(choice.order), y);
      else
        for (std::size_t d = 0; d < hidden; ++d) sum[d] += choice.weight * y[d];
    }
    if (combine_ == CombineMode::Ordered) continue;
    if (dispatch_ == DispatchMode::Direct)
      write_part(member, arrival, static_cast<std::size_t>(member), sum.data());
    else
      std::memcpy(space_.local(rank(member), partials_).data() +
                      partial_offset(arrival.source, arrival.token),
                  sum.data(), output_bytes_);
  }
  if (!by_node()) {
    for (int target = 0; target < group_.size; ++target) space_.signal(rank(target), returned_);
    return;
  }
  const int home = group_.node_of(member);
  for (int peer = home * group_.per_node(); peer < (home + 1) * group_.per_node(); ++peer)
    space_.signal(rank(peer), partial_ready_);
}

void Exchange::write_part(int member, const Arrival& arrival, std::size_t part, const float* y) {
  const std::size_t slot = static_cast<std::size_t>(arrival.token) * parts_ + part;
  space_.write(rank(member), {rank(arrival.source), outputs_, slot * output_bytes_},
               bytes_of(y, output_bytes_), Purpose::Combine);
}

std::size_t Exchange::partial_offset(int source, int token) const {
  return (static_cast<std::size_t>(source) * static_cast<std::size_t>(shape_.max_tokens) +
          static_cast<std::size_t>(token)) *
         output_bytes_;
}

void Exchange::sum_partials(int member, int source, int token, std::span<const Choice> choices,
                            std::span<float> sum) {
  std::vector<Place> places;
  for (const int server : servers(choices, group_.node_of(member)))
    places.push_back({rank(server), partials_, partial_offset(source, token)});
  space_.reduce(rank(member), places, sum, Purpose::Combine);
}

void Exchange::reduce_node(int member) {
  if (!by_node()) return;
  const Member& self = *members_[static_cast<std::size_t>(member)];
  space_.wait(rank(member), partial_ready_,
              self.layers * static_cast<std::uint64_t>(group_.per_node()));
  const int home = group_.node_of(member);
  const std::byte* rows = space_.local(rank(member), forward_rows_).data();
  std::vector<float> sum(static_cast<std::size_t>(shape_.hidden));
  for (int node = 0; node < group_.nodes; ++node) {
    if (node == home) continue;
    const int source = rail(node, member);
    for (const int token : read_list(member, forward_lists_, node)) {
      sum_partials(member, source, token, choices_of(rows + row_offset(node, token)), sum);
      const std::size_t slot =
          static_cast<std::size_t>(token) * parts_ + static_cast<std::size_t>(home);
      space_.write(rank(member), {rank(source), outputs_, slot * output_bytes_},
                   bytes_of(sum.data(), output_bytes_), Purpose::Combine);
    }
    space_.signal(rank(source), returned_);
  }
}

void Exchange::await_outputs(int member) {
  const auto senders = static_cast<std::uint64_t>(by_node() ? group_.nodes - 1 : group_.size);
  space_.wait(rank(member), returned_,
              members_[static_cast<std::size_t>(member)]->layers * senders);
}

void Exchange::collect(int member, float* sum, Team& team) {
  const Member& self = *members_[static_cast<std::size_t>(member)];
  const auto hidden = static_cast<std::size_t>(shape_.hidden);
  team.split(static_cast<int>(self.choices.size()), [&](int begin, int end) {
    for (auto token = static_cast<std::size_t>(begin); token < static_cast<std::size_t>(end);
         ++token) {
      float* row = sum + token * hidden;
      std::fill_n(row, hidden, 0.0F);
      if (combine_ == CombineMode::Ordered)
        sum_choices(member, token, row);
      else
        sum_parts(member, token, row);
    }
  });
}

const float* Exchange::part_of(int member, std::size_t token, std::size_t part) const {
  return reinterpret_cast<const float*>(space_.local(rank(member), outputs_).data() +
                                        (token * parts_ + part) * output_bytes_);
}

void Exchange::sum_choices(int member, std::size_t token, float* row) const {
  for (const Choice& choice : members_[static_cast<std::size_t>(member)]->choices[token]) {
    const float* y = part_of(member, token, static_cast<std::size_t>(choice.order));
    for (int d = 0; d < shape_.hidden; ++d) row[d] += choice.weight * y[d];
  }
}

void Exchange::sum_parts(int member, std::size_t token, float* row) {
  const auto& choices = members_[static_cast<std::size_t>(member)]->choices[token];
  std::vector<int> parts = servers(choices, -1);
  if (by_node()) {
    for (int& part : parts) part = group_.node_of(part);
    parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  }
  std::vector<float> own(static_cast<std::size_t>(shape_.hidden));
  for (const int part : parts) {
    const float* y = part_of(member, token, static_cast<std::size_t>(part));
    if (by_node() && part == group_.node_of(member)) {
      sum_partials(member, member, static_cast<int>(token), choices, own);
      y = own.data();
    }
    for (int d = 0; d < shape_.hidden; ++d) row[d] += y[d];
  }
}

}  // namespace moescope::runtime
