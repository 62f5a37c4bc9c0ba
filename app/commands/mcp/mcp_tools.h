// The tools of `moescope mcp`: which analyses there are, what they take, and the command line that
// answers a call.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands/mcp/mcp_roots.h"

namespace moescope::mcp {

using ToolJson = nlohmann::ordered_json;

/// An argument of a tool.
struct Parameter {
  enum class Type {
    Path,        ///< a file or folder below the roots
    Paths,       ///< several of them
    PathOrName,  ///< a name that the command knows, or a .json file below the roots
    Text,
    Choice,
    Integer,
    Window  ///< "A:B"
  };
  std::string name, description;
  Type type = Type::Text;
  std::string option;  ///< of the command; "" for a positional argument
  bool required = false;
  std::vector<std::string> choices;        ///< of a Choice
  std::int64_t least = 0, most = 1 << 30;  ///< of an Integer
  std::string fallback;                    ///< value of the option when the argument is absent
};

struct Tool {
  std::string name, title, description;
  std::vector<std::string> command;  ///< words before the arguments; empty for "files"
  std::vector<Parameter> parameters;
  bool picture = false;  ///< writes a PNG instead of printing
};

/// All tools. @param pictures whether this program can draw
const std::vector<Tool>& tools(bool pictures);

/// The entry of `tool` in the reply to tools/list.
ToolJson listed(const Tool& tool);

/// The arguments of the command line that answers a call, checked against the parameters and the
/// roots. Throws Error that names the argument.
std::vector<std::string> command_line(const Tool& tool, const ToolJson& arguments,
                                      const Roots& roots);

}  // namespace moescope::mcp
