#include "core/import/rank_in_file_name.h"

#include <regex>
#include <string>

namespace moescope {

std::optional<int> rank_in_file_name(std::string_view name) {
  static const std::regex kRank("rank[-_]?([0-9]{1,6})", std::regex::icase);
  std::cmatch match;
  if (!std::regex_search(name.data(), name.data() + name.size(), match, kRank)) return {};
  return std::stoi(match[1].str());
}

}  // namespace moescope
