#include "app/commands/mcp/mcp_tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/error.h"

namespace moescope::mcp {
namespace {

using Type = Parameter::Type;

constexpr std::size_t kMaxText = std::size_t{64} << 10, kMaxPath = 4096, kMaxPaths = 64;

[[noreturn]] void refuse(const Parameter& parameter, const std::string& problem) {
  throw Error(parameter.name, "", problem, parameter.description);
}

ToolJson schema_of(const Parameter& parameter) {
  ToolJson schema;
  switch (parameter.type) {
    case Type::Paths:
      schema = {{"type", "array"},
                {"items", {{"type", "string"}, {"maxLength", kMaxPath}}},
                {"minItems", 1},
                {"maxItems", kMaxPaths}};
      break;
    case Type::Integer:
      schema = {{"type", "integer"}, {"minimum", parameter.least}, {"maximum", parameter.most}};
      break;
    case Type::Choice:
      schema = {{"type", "string"}, {"enum", parameter.choices}};
      break;
    case Type::Window:
      schema = {{"type", "string"}, {"pattern", "^[0-9]{1,9}:[0-9]{1,9}$"}};
      break;
    case Type::Text:
      schema = {{"type", "string"}, {"maxLength", kMaxText}};
      break;
    default:
      schema = {{"type", "string"}, {"maxLength", kMaxPath}};
  }
  schema["description"] = parameter.description;
  return schema;
}

std::string text_of(const Parameter& parameter, const ToolJson& value, std::size_t most) {
  if (!value.is_string()) refuse(parameter, "is not a text");
  auto text = value.get<std::string>();
  if (text.size() > most) refuse(parameter, fmt::format("is longer than {} bytes", most));
  if (text.find('\0') != std::string::npos) refuse(parameter, "holds a zero byte");
  return text;
}

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
}

bool is_window(const std::string& text) {
  const auto colon = text.find(':');
  const auto figures = [](std::string_view part) {
    return !part.empty() && part.size() <= 9 &&
           part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return colon != std::string::npos && figures(std::string_view(text).substr(0, colon)) &&
         figures(std::string_view(text).substr(colon + 1));
}

std::string integer_of(const Parameter& parameter, const ToolJson& value) {
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() ||
                     value.get<std::uint64_t>() <= static_cast<std::uint64_t>(parameter.most)) &&
                    value.get<std::int64_t>() >= parameter.least &&
                    value.get<std::int64_t>() <= parameter.most;
  if (!fits)
    refuse(parameter,
           fmt::format("is not a whole number of {}..{}", parameter.least, parameter.most));
  return std::to_string(value.get<std::int64_t>());
}

/// The words on the command line of one argument.
std::vector<std::string> words_of(const Parameter& parameter, const ToolJson& value,
                                  const Roots& roots) {
  switch (parameter.type) {
    case Type::Path:
      return {roots.resolve(text_of(parameter, value, kMaxPath)).string()};
    case Type::Paths: {
      if (!value.is_array() || value.empty() || value.size() > kMaxPaths)
        refuse(parameter, fmt::format("is not a list of 1..{} paths", kMaxPaths));
      std::vector<std::string> paths;
      for (const auto& item : value)
        paths.push_back(roots.resolve(text_of(parameter, item, kMaxPath)).string());
      return paths;
    }
    case Type::PathOrName: {
      auto text = text_of(parameter, value, kMaxPath);
      return {is_name(text) ? text : roots.resolve(text).string()};
    }
    case Type::Integer:
      return {integer_of(parameter, value)};
    case Type::Choice: {
      auto text = text_of(parameter, value, kMaxPath);
      if (std::find(parameter.choices.begin(), parameter.choices.end(), text) ==
          parameter.choices.end())
        refuse(parameter, fmt::format("is none of {}", fmt::join(parameter.choices, ", ")));
      return {text};
    }
    case Type::Window: {
      auto text = text_of(parameter, value, kMaxPath);
      if (!is_window(text)) refuse(parameter, "is not A:B");
      return {text};
    }
    case Type::Text:
      return {text_of(parameter, value, kMaxText)};
  }
  return {};
}

}  // namespace

ToolJson listed(const Tool& tool) {
  auto properties = ToolJson::object();
  auto required = ToolJson::array();
  for (const auto& parameter : tool.parameters) {
    properties[parameter.name] = schema_of(parameter);
    if (parameter.required) required.push_back(parameter.name);
  }
  return {{"name", tool.name},
          {"title", tool.title},
          {"description", tool.description},
          {"inputSchema",
           {{"type", "object"},
            {"properties", std::move(properties)},
            {"required", std::move(required)},
            {"additionalProperties", false}}},
          {"annotations",
           {{"readOnlyHint", true}, {"idempotentHint", true}, {"openWorldHint", false}}}};
}

std::vector<std::string> command_line(const Tool& tool, const ToolJson& arguments,
                                      const Roots& roots) {
  for (const auto& argument : arguments.items())
    if (std::none_of(tool.parameters.begin(), tool.parameters.end(),
                     [&](const Parameter& known) { return known.name == argument.key(); }))
      throw Error(argument.key(), "", "is no argument of " + tool.name,
                  "tools/list has those that there are");
  std::vector<std::string> words = tool.command, positional;
  for (const auto& parameter : tool.parameters) {
    const auto it = arguments.find(parameter.name);
    if (it == arguments.end() || it->is_null()) {
      if (parameter.required) refuse(parameter, "is missing");
      if (!parameter.fallback.empty()) words.push_back(parameter.option + "=" + parameter.fallback);
      continue;
    }
    auto values = words_of(parameter, *it, roots);
    if (parameter.option.empty())
      positional.insert(positional.end(), values.begin(), values.end());
    else
      words.push_back(parameter.option + "=" + values.front());
  }
  if (positional.empty()) return words;
  words.emplace_back("--");  // nothing that begins with a dash becomes an option
  words.insert(words.end(), positional.begin(), positional.end());
  return words;
}

}  // namespace moescope::mcp
