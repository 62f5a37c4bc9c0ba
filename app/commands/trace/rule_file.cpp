#include "app/commands/command.h"
#include "core/files.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

}  // namespace

RuleSet read_rules(const std::string& path) {
  return RuleSet::from_json(read_text_file(path, kMaxBytes), path);
}

std::string read_rule_file(const std::string& path) {
  std::string text = read_text_file(path, kMaxBytes);
  RuleSet::from_json(text, path);
  return text;
}

}  // namespace moescope
