#include "core/analysis/overlap/paced_links.h"

#include <set>

namespace moescope {

std::string paced_links_text(const TraceInfo& info) {
  std::set<std::string> rates;
  for (const auto& [key, value] : info.extra)
    // Of several files opened as one, facts have the name of their file in front.
    if (key == kPacedLinksFact || key.ends_with(std::string(": ") + kPacedLinksFact))
      rates.insert(value);
  std::string text;
  for (const std::string& value : rates)
    text += (text.empty() ? std::string(kPacedLinksFact) + ": " : " / ") + value;
  return text;
}

std::string paced_links_mark(const TraceInfo& info) {
  return paced_links_text(info).empty() ? "" : std::string(" (") + kPacedLinksFact + ")";
}

}  // namespace moescope
