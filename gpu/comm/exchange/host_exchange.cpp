#include "gpu/comm/exchange/host_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <stdexcept>

#include "core/error.h"
#include "gpu/comm/exchange/link_board.h"

namespace moescope::runtime {
namespace {

using ChoiceSpan = std::span<const Choice>;

std::span<const std::byte> bytes_of(const void* data, std::size_t size) {
  return {static_cast<const std::byte*>(data), size};
}

/// A token that arrived at a rank with the choices that this rank serves.
struct Arrival {
  int source = 0;  ///< member that owns the token
  int token = 0;   ///< row in the owner's micro-batch
  std::vector<Choice> choices;
  std::vector<int> rows;     ///< of each choice, in the order of group()
  const float* x = nullptr;  ///< `hidden` floats in this rank's memory
};

/// State of a member in the current layer.
struct Member {
  std::uint64_t layers = 0;      ///< so far, the current one included
  std::uint32_t plan_epoch = 0;  ///< of the plan in the current layer
  Choices choices;
  std::vector<Choice> own_choices;  ///< what `choices` points to
  std::vector<Arrival> arrivals;
  std::vector<float> grouped;
  std::vector<std::int32_t> offsets;
  ChoiceSpan choices_of(int token) const {
    return {choices.of(token), static_cast<std::size_t>(choices.per_token)};
  }
};

class HostExchange final : public Exchange {
 public:
  HostExchange(AddressSpace& space, const ExchangeWire& wire, PacedLinks* links);

  void send(int member, const float* x, Choices choices, std::uint32_t epoch, Team& team) override;
  void forward(int member, Team& team) override;
  void receive(int member, Team& team) override;
  ArrivedRows group(int member, Team& team) override;
  void return_outputs(int member, const float* outputs, Team& team) override;
  void reduce_node(int member, Team& team) override;
  void await_outputs(int member, Team& team) override;
  void collect(int member, float* sum, Team& team) override;
  Traffic traffic(int member) override { return space_.traffic(rank(member)); }

 private:
  int rank(int member) const { return group_.first + member; }
  WindowId window(ExchangeWindow window) const {
    return windows_[static_cast<std::size_t>(window)];
  }
  FlagId flag(ExchangeFlag flag) const { return flags_[static_cast<std::size_t>(flag)]; }
  Member& state(int member) { return members_[static_cast<std::size_t>(member)]; }
  const Member& state(int member) const { return members_[static_cast<std::size_t>(member)]; }
  const std::byte* local(int member, ExchangeWindow which) const {
    return space_.local(rank(member), window(which)).data();
  }
  std::size_t hidden() const { return static_cast<std::size_t>(wire().shape.hidden); }
  void pack(int token, const float* x, ChoiceSpan choices, std::vector<std::byte>& row) const;
  std::vector<Choice> choices_in(const std::byte* row) const;
  void write_list(int from, int to, ExchangeWindow which, int slot, const std::vector<int>& tokens);
  /// The bytes of rows for `tokens`.
  std::size_t row_bytes(const std::vector<int>& tokens) const {
    return tokens.size() * wire().row_bytes();
  }
  std::vector<int> read_list(int member, ExchangeWindow which, int slot) const;
  /// Members that serve `choices`, ascending; only those of `node` when it is not negative.
  std::vector<int> servers(ChoiceSpan choices, int node) const;
  void send_direct(int member, int token, const float* x);
  void send_per_node(int member, int token, const float* x);
  void spread(int member, int source, ChoiceSpan choices, int token, std::span<const std::byte> row,
              Purpose purpose);
  void list_direct(int member);
  void list_per_node(int member);
  void announce(int member, int source, const std::vector<int>& targets,
                const std::vector<std::vector<int>>& lists);
  void announce_outputs(int member);
  void write_part(int member, const Arrival& arrival, int part, const float* y);
  const float* part_of(int member, int token, int part) const;
  void sum_choices(int member, int token, float* row) const;
  void sum_parts(int member, int token, float* row);
  void sum_partials(int member, int source, int token, ChoiceSpan choices, std::span<float> sum);

  AddressSpace& space_;
  Group group_;
  std::array<WindowId, kExchangeWindows> windows_{};
  std::array<FlagId, kExchangeFlags> flags_{};
  std::vector<Member> members_;
  LinkBoard links_;
};

HostExchange::HostExchange(AddressSpace& space, const ExchangeWire& wire, PacedLinks* links)
    : Exchange(wire), space_(space), group_(wire.group), links_(space, wire.group, links) {
  std::vector<std::size_t> bytes(static_cast<std::size_t>(space.ranks()));
  for (int i = 0; i < kExchangeWindows; ++i) {
    for (int member = 0; member < group_.size; ++member)
      bytes[static_cast<std::size_t>(rank(member))] =
          wire.window_bytes(static_cast<ExchangeWindow>(i));
    windows_[static_cast<std::size_t>(i)] = space_.add_window(bytes);
  }
  for (FlagId& flag : flags_) flag = space_.add_flag();
  members_.resize(static_cast<std::size_t>(group_.size));
}

void HostExchange::pack(int token, const float* x, ChoiceSpan choices,
                        std::vector<std::byte>& row) const {
  row.assign(wire().row_bytes(), std::byte{0});
  const RowFront front{token, static_cast<std::int32_t>(choices.size())};
  std::memcpy(row.data(), &front, sizeof front);
  if (!choices.empty())
    std::memcpy(row.data() + sizeof front, choices.data(), choices.size_bytes());
  std::memcpy(row.data() + wire().state_offset(), x, wire().output_bytes());
}

std::vector<Choice> HostExchange::choices_in(const std::byte* row) const {
  RowFront front;
  std::memcpy(&front, row, sizeof front);
  std::vector<Choice> choices(static_cast<std::size_t>(front.count));
  if (!choices.empty())
    std::memcpy(choices.data(), row + sizeof front, choices.size() * sizeof(Choice));
  return choices;
}

void HostExchange::write_list(int from, int to, ExchangeWindow which, int slot,
                              const std::vector<int>& tokens) {
  const ListFront front{state(from).plan_epoch, static_cast<std::int32_t>(tokens.size())};
  std::vector<std::byte> list(sizeof front + tokens.size() * sizeof(std::int32_t));
  std::memcpy(list.data(), &front, sizeof front);
  if (!tokens.empty())
    std::memcpy(list.data() + sizeof front, tokens.data(), list.size() - sizeof front);
  space_.write(rank(from), {rank(to), window(which), wire().list_offset(slot)}, list,
               Purpose::Control);
}

std::vector<int> HostExchange::read_list(int member, ExchangeWindow which, int slot) const {
  const std::byte* place = local(member, which) + wire().list_offset(slot);
  ListFront front;
  std::memcpy(&front, place, sizeof front);
  const std::uint32_t own = state(member).plan_epoch;
  if (front.epoch != own)
    throw Error("dispatch", fmt::format("rank {}", rank(member)),
                fmt::format("is in plan epoch {}, tokens arrived from epoch {}", own, front.epoch));
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(front.count));
  if (!tokens.empty())
    std::memcpy(tokens.data(), place + sizeof front, tokens.size() * sizeof(std::int32_t));
  return {tokens.begin(), tokens.end()};
}

void HostExchange::send(int member, const float* x, Choices choices, std::uint32_t epoch,
                        Team& team) {
  if (choices.tokens > wire().shape.max_tokens || choices.per_token > wire().shape.max_choices)
    throw std::length_error("more tokens or choices than the exchange has room for");
  Member& self = state(member);
  ++self.layers;
  self.plan_epoch = epoch;
  self.own_choices.assign(choices.data, choices.of(choices.tokens));
  self.choices = {self.own_choices.data(), choices.tokens, choices.per_token};
  const bool direct = !wire().per_node();
  team.split(choices.tokens, [&](int begin, int end) {
    for (int token = begin; token < end; ++token) {
      const float* row = x + static_cast<std::size_t>(token) * hidden();
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

std::vector<int> HostExchange::servers(ChoiceSpan choices, int node) const {
  std::vector<int> result;
  for (const Choice& choice : choices)
    if (node < 0 || group_.node_of(wire().serving(choice)) == node)
      result.push_back(wire().serving(choice));
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

void HostExchange::send_direct(int member, int token, const float* x) {
  const ChoiceSpan all = state(member).choices_of(token);
  std::vector<std::byte> row;
  for (const int target : servers(all, -1)) {
    std::vector<Choice> part;
    for (const Choice& choice : all)
      if (wire().serving(choice) == target) part.push_back(choice);
    pack(token, x, part, row);
    space_.write(rank(member),
                 {rank(target), window(ExchangeWindow::Rows), wire().row_offset(member, token)},
                 row, Purpose::Dispatch);
  }
}

void HostExchange::send_per_node(int member, int token, const float* x) {
  const ChoiceSpan all = state(member).choices_of(token);
  const int home = group_.node_of(member);
  std::vector<std::byte> row;
  for (int node = 0; node < group_.nodes; ++node) {
    std::vector<Choice> part;
    for (const Choice& choice : all)
      if (group_.node_of(wire().serving(choice)) == node) part.push_back(choice);
    if (part.empty()) continue;
    pack(token, x, part, row);
    if (node != home)
      space_.write(rank(member),
                   {rank(wire().rail(node, member)), window(ExchangeWindow::ForwardRows),
                    wire().row_offset(home, token)},
                   row, Purpose::Dispatch);
    else
      spread(member, member, part, token, row, Purpose::Dispatch);
  }
}

void HostExchange::spread(int member, int source, ChoiceSpan choices, int token,
                          std::span<const std::byte> row, Purpose purpose) {
  std::vector<int> targets = servers(choices, group_.node_of(member));
  for (int& target : targets) target = rank(target);
  space_.multicast(rank(member), targets, window(ExchangeWindow::Rows),
                   wire().row_offset(source, token), row, purpose);
}

void HostExchange::list_direct(int member) {
  const Member& self = state(member);
  std::vector<std::vector<int>> lists(static_cast<std::size_t>(group_.size));
  for (int token = 0; token < self.choices.tokens; ++token)
    for (const int target : servers(self.choices_of(token), -1))
      lists[static_cast<std::size_t>(target)].push_back(token);
  announce(member, member, wire().members_after(member), lists);
}

void HostExchange::list_per_node(int member) {
  const Member& self = state(member);
  const int home = group_.node_of(member);
  std::vector<std::vector<int>> own(static_cast<std::size_t>(group_.size));
  std::vector<std::vector<int>> remote(static_cast<std::size_t>(group_.nodes));
  for (int token = 0; token < self.choices.tokens; ++token)
    for (int node = 0; node < group_.nodes; ++node) {
      const auto targets = servers(self.choices_of(token), node);
      if (node != home && !targets.empty()) remote[static_cast<std::size_t>(node)].push_back(token);
      if (node == home)
        for (const int target : targets) own[static_cast<std::size_t>(target)].push_back(token);
    }
  for (const int target : wire().rails_after(member)) {
    const auto& tokens = remote[static_cast<std::size_t>(group_.node_of(target))];
    write_list(member, target, ExchangeWindow::ForwardLists, home, tokens);
    links_.depart(member, target, ExchangeFlag::Forwarded, member, row_bytes(tokens));
    space_.signal(rank(target), flag(ExchangeFlag::Forwarded));
  }
  announce(member, member, wire().node_after(member), own);
}

/// Sends `targets` the list of the rows of `source` that the member has sent them.
void HostExchange::announce(int member, int source, const std::vector<int>& targets,
                            const std::vector<std::vector<int>>& lists) {
  for (const int target : targets) {
    const auto& tokens = lists[static_cast<std::size_t>(target)];
    write_list(member, target, ExchangeWindow::Lists, source, tokens);
    links_.depart(member, target, ExchangeFlag::Arrived, source, row_bytes(tokens));
    space_.signal(rank(target), flag(ExchangeFlag::Arrived));
  }
}

void HostExchange::forward(int member, Team&) {
  if (!wire().per_node() || group_.nodes == 1) return;
  space_.wait(rank(member), flag(ExchangeFlag::Forwarded),
              state(member).layers * static_cast<std::uint64_t>(group_.nodes - 1));
  links_.await(member, ExchangeFlag::Forwarded, wire().rails_after(member));
  const int home = group_.node_of(member);
  const std::byte* rows = local(member, ExchangeWindow::ForwardRows);
  for (const int source : wire().rails_after(member)) {
    const int node = group_.node_of(source);
    std::vector<std::vector<int>> lists(static_cast<std::size_t>(group_.size));
    for (const int token : read_list(member, ExchangeWindow::ForwardLists, node)) {
      const std::byte* row = rows + wire().row_offset(node, token);
      const auto choices = choices_in(row);
      spread(member, source, choices, token, {row, wire().row_bytes()}, Purpose::Forward);
      for (const int target : servers(choices, home))
        lists[static_cast<std::size_t>(target)].push_back(token);
    }
    announce(member, source, wire().node_after(member), lists);
  }
}

void HostExchange::receive(int member, Team&) {
  Member& self = state(member);
  space_.wait(rank(member), flag(ExchangeFlag::Arrived),
              self.layers * static_cast<std::uint64_t>(group_.size));
  links_.await(member, ExchangeFlag::Arrived, wire().members_after(member));
  self.arrivals.clear();
  const std::byte* rows = local(member, ExchangeWindow::Rows);
  for (int source = 0; source < group_.size; ++source)
    for (const int token : read_list(member, ExchangeWindow::Lists, source)) {
      const std::byte* row = rows + wire().row_offset(source, token);
      Arrival arrival{source, token, choices_in(row), {}, nullptr};
      std::erase_if(arrival.choices, [&](const Choice& c) { return wire().serving(c) != member; });
      arrival.rows.resize(arrival.choices.size());
      arrival.x = reinterpret_cast<const float*>(row + wire().state_offset());
      self.arrivals.push_back(std::move(arrival));
    }
}

ArrivedRows HostExchange::group(int member, Team&) {
  Member& self = state(member);
  const int slots = wire().shape.slots_per_rank, first = member * slots;
  self.offsets.assign(static_cast<std::size_t>(slots) + 1, 0);
  for (const Arrival& arrival : self.arrivals)
    for (const Choice& choice : arrival.choices)
      ++self.offsets[static_cast<std::size_t>(choice.slot - first) + 1];
  for (std::size_t slot = 0; slot + 1 < self.offsets.size(); ++slot)
    self.offsets[slot + 1] += self.offsets[slot];
  std::vector<std::int32_t> next = self.offsets;
  self.grouped.resize(static_cast<std::size_t>(self.offsets.back()) * hidden());
  for (Arrival& arrival : self.arrivals)
    for (std::size_t j = 0; j < arrival.choices.size(); ++j) {
      const int row = next[static_cast<std::size_t>(arrival.choices[j].slot - first)]++;
      arrival.rows[j] = row;
      std::copy_n(arrival.x, hidden(),
                  self.grouped.data() + static_cast<std::size_t>(row) * hidden());
    }
  return {self.grouped.data(), self.offsets.data()};
}

void HostExchange::return_outputs(int member, const float* outputs, Team&) {
  const Member& self = state(member);
  const std::size_t n = hidden();
  std::vector<float> sum(n);
  for (const Arrival& arrival : self.arrivals) {
    std::fill(sum.begin(), sum.end(), 0.0F);
    for (std::size_t j = 0; j < arrival.choices.size(); ++j) {
      const Choice& choice = arrival.choices[j];
      const float* y = outputs + static_cast<std::size_t>(arrival.rows[j]) * n;
      if (wire().ordered())
        write_part(member, arrival, choice.order, y);
      else
        for (std::size_t d = 0; d < n; ++d) sum[d] += choice.weight * y[d];
    }
    if (wire().ordered()) continue;
    if (!wire().per_node())
      write_part(member, arrival, member, sum.data());
    else
      std::memcpy(space_.local(rank(member), window(ExchangeWindow::Partials)).data() +
                      wire().partial_offset(arrival.source, arrival.token),
                  sum.data(), wire().output_bytes());
  }
  announce_outputs(member);
}

/// Signals the ranks that wait for outputs that the member has written or offers.
void HostExchange::announce_outputs(int member) {
  const int home = group_.node_of(member);
  std::vector<std::size_t> bytes(static_cast<std::size_t>(group_.size));
  for (const Arrival& arrival : state(member).arrivals) {
    // Partial sums are read by the rank that adds them up: the owner, or its representative on this
    // node.
    const int to = !wire().by_node() || group_.node_of(arrival.source) == home
                       ? arrival.source
                       : wire().rail(home, arrival.source);
    bytes[static_cast<std::size_t>(to)] +=
        wire().output_bytes() * (wire().ordered() ? arrival.choices.size() : 1);
  }
  const ExchangeFlag raised =
      wire().by_node() ? ExchangeFlag::PartialReady : ExchangeFlag::Returned;
  for (const int target :
       wire().by_node() ? wire().node_after(member) : wire().members_after(member)) {
    links_.depart(member, target, raised, member, bytes[static_cast<std::size_t>(target)]);
    space_.signal(rank(target), flag(raised));
  }
}

void HostExchange::write_part(int member, const Arrival& arrival, int part, const float* y) {
  space_.write(rank(member),
               {rank(arrival.source), window(ExchangeWindow::Outputs),
                wire().part_offset(arrival.token, part)},
               bytes_of(y, wire().output_bytes()), Purpose::Combine);
}

void HostExchange::sum_partials(int member, int source, int token, ChoiceSpan choices,
                                std::span<float> sum) {
  std::vector<Place> places;
  for (const int server : servers(choices, group_.node_of(member)))
    places.push_back(
        {rank(server), window(ExchangeWindow::Partials), wire().partial_offset(source, token)});
  space_.reduce(rank(member), places, sum, Purpose::Combine);
}

void HostExchange::reduce_node(int member, Team&) {
  if (!wire().by_node()) return;
  space_.wait(rank(member), flag(ExchangeFlag::PartialReady),
              state(member).layers * static_cast<std::uint64_t>(group_.per_node()));
  links_.await(member, ExchangeFlag::PartialReady, wire().node_after(member));
  const int home = group_.node_of(member);
  const std::byte* rows = local(member, ExchangeWindow::ForwardRows);
  std::vector<float> sum(hidden());
  for (const int source : wire().rails_after(member)) {
    const int node = group_.node_of(source);
    const auto tokens = read_list(member, ExchangeWindow::ForwardLists, node);
    for (const int token : tokens) {
      sum_partials(member, source, token, choices_in(rows + wire().row_offset(node, token)), sum);
      space_.write(rank(member),
                   {rank(source), window(ExchangeWindow::Outputs), wire().part_offset(token, home)},
                   bytes_of(sum.data(), wire().output_bytes()), Purpose::Combine);
    }
    links_.depart(member, source, ExchangeFlag::Returned, member,
                  tokens.size() * wire().output_bytes());
    space_.signal(rank(source), flag(ExchangeFlag::Returned));
  }
}

void HostExchange::await_outputs(int member, Team&) {
  const auto senders =
      static_cast<std::uint64_t>(wire().by_node() ? group_.nodes - 1 : group_.size);
  space_.wait(rank(member), flag(ExchangeFlag::Returned), state(member).layers * senders);
  links_.await(member, ExchangeFlag::Returned,
               wire().by_node() ? wire().rails_after(member) : wire().members_after(member));
}

void HostExchange::collect(int member, float* sum, Team& team) {
  team.split(state(member).choices.tokens, [&](int begin, int end) {
    for (int token = begin; token < end; ++token) {
      float* row = sum + static_cast<std::size_t>(token) * hidden();
      std::fill_n(row, hidden(), 0.0F);
      if (wire().ordered())
        sum_choices(member, token, row);
      else
        sum_parts(member, token, row);
    }
  });
}

const float* HostExchange::part_of(int member, int token, int part) const {
  return reinterpret_cast<const float*>(local(member, ExchangeWindow::Outputs) +
                                        wire().part_offset(token, part));
}

void HostExchange::sum_choices(int member, int token, float* row) const {
  const std::size_t n = hidden();
  for (const Choice& choice : state(member).choices_of(token)) {
    const float* y = part_of(member, token, choice.order);
    for (std::size_t d = 0; d < n; ++d) row[d] += choice.weight * y[d];
  }
}

void HostExchange::sum_parts(int member, int token, float* row) {
  const ChoiceSpan choices = state(member).choices_of(token);
  std::vector<int> parts = servers(choices, -1);
  if (wire().by_node()) {
    for (int& part : parts) part = group_.node_of(part);
    parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  }
  const std::size_t n = hidden();
  std::vector<float> own(n);
  for (const int part : parts) {
    const float* y = part_of(member, token, part);
    if (wire().by_node() && part == group_.node_of(member)) {
      sum_partials(member, member, token, choices, own);
      y = own.data();
    }
    for (std::size_t d = 0; d < n; ++d) row[d] += y[d];
  }
}

}  // namespace

std::unique_ptr<Exchange> host_exchange(AddressSpace& space, const ExchangeWire& wire,
                                        PacedLinks* links) {
  return std::make_unique<HostExchange>(space, wire, links);
}

}  // namespace moescope::runtime
