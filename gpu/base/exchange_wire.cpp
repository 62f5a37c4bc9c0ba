#include "gpu/base/exchange_wire.h"

namespace moescope::runtime {

std::vector<int> Group::node_table() const {
  std::vector<int> table;
  for (int member = 0; member < size; ++member) table.push_back(node_of(member));
  return table;
}

std::size_t ExchangeWire::window_bytes(ExchangeWindow window) const {
  const std::size_t rows = row_offset(1, 0), lists = list_bytes();
  const std::size_t members = size(group.size), nodes = size(group.nodes);
  switch (window) {
    case ExchangeWindow::Rows:
      return members * rows;
    case ExchangeWindow::Lists:
      return members * lists;
    case ExchangeWindow::ForwardRows:
      return per_node() ? nodes * rows : 0;
    case ExchangeWindow::ForwardLists:
      return per_node() ? nodes * lists : 0;
    case ExchangeWindow::Outputs:
      return part_offset(shape.max_tokens, 0);
    case ExchangeWindow::Partials:
      return by_node() ? partial_offset(group.size, 0) : 0;
  }
  return 0;
}

std::vector<int> ExchangeWire::members_after(int member) const {
  std::vector<int> members;
  for (int i = 1; i <= group.size; ++i) members.push_back((member + i) % group.size);
  return members;
}

std::vector<int> ExchangeWire::node_after(int member) const {
  const int each = group.per_node(), first = group.node_of(member) * each;
  std::vector<int> members;
  for (int i = 1; i <= each; ++i) members.push_back(first + (member - first + i) % each);
  return members;
}

std::vector<int> ExchangeWire::rails_after(int member) const {
  std::vector<int> members;
  for (int i = 1; i < group.nodes; ++i)
    members.push_back(rail((group.node_of(member) + i) % group.nodes, member));
  return members;
}

}  // namespace moescope::runtime
