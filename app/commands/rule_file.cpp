#include <fstream>
#include <sstream>

#include "app/commands/command.h"
#include "core/error.h"

namespace moescope {

std::string read_rule_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    throw Error(path, "", "cannot be read", "Check that the file exists and that you may read it");
  RuleSet::from_json(text.str(), path);
  return text.str();
}

RuleSet read_rules(const std::string& path) {
  return RuleSet::from_json(read_rule_file(path), path);
}

}  // namespace moescope
