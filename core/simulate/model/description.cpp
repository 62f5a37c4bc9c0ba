#include "core/simulate/model/description.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/files.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::vector<std::string> description_names(const std::string& kind) {
  std::vector<std::string> names;
  for (const auto& entry : embedded_descriptions())
    if (entry.path.starts_with(kind + "/"))
      names.emplace_back(
          entry.path.substr(kind.size() + 1, entry.path.rfind('.') - kind.size() - 1));
  std::sort(names.begin(), names.end());
  return names;
}

Description Description::open(const std::string& kind, const std::string& name_or_path) {
  std::string text;
  for (const auto& entry : embedded_descriptions())
    if (entry.path == kind + "/" + name_or_path + ".json") text = entry.text;
  if (text.empty()) {
    if (!name_or_path.ends_with(".json"))
      throw Error(name_or_path, kind, "is not a known name",
                  fmt::format("Known are {}; or give the path of a .json file",
                              joined(description_names(kind))));
    text = read_text_file(name_or_path, kMaxBytes);
  }
  auto object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object()) throw Error(name_or_path, "", "is not a JSON object");
  Description description(std::move(object), name_or_path, "");
  if (description.integer("schema", 0, 1 << 20) != 1)
    description.fail("schema", "is not 1, the only one that this program reads");
  return description;
}

Description::Description(nlohmann::json object, std::string source, std::string place)
    : object_(std::move(object)), source_(std::move(source)), place_(std::move(place)) {}

void Description::fail(const std::string& key, const std::string& problem) const {
  throw Error(source_, place_.empty() ? key : place_ + "." + key, problem);
}

bool Description::has(const char* key) const {
  return object_.contains(key);
}

const nlohmann::json& Description::member(const char* key) {
  if (!has(key)) fail(key, "is missing");
  taken_.insert(key);
  return object_[key];
}

Description Description::object(const char* key) {
  const auto& value = member(key);
  if (!value.is_object()) fail(key, "is not a JSON object");
  return Description(value, source_, place_.empty() ? key : place_ + "." + key);
}

std::vector<Description> Description::objects(const char* key) {
  const auto& value = member(key);
  if (!value.is_array()) fail(key, "is not a list of JSON objects");
  std::vector<Description> list;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto name = fmt::format("{}[{}]", key, i);
    if (!value[i].is_object()) fail(name, "is not a JSON object");
    list.emplace_back(value[i], source_, place_.empty() ? name : place_ + "." + name);
  }
  return list;
}

std::string Description::text(const char* key, std::optional<std::string> otherwise) {
  if (!has(key) && otherwise) return *otherwise;
  const auto& value = member(key);
  if (!value.is_string()) fail(key, "is not text");
  return value.get<std::string>();
}

int Description::integer(const char* key, int least, int most, std::optional<int> otherwise) {
  if (!has(key) && otherwise) return *otherwise;
  const auto& value = member(key);
  if (!value.is_number_integer() || value < least || value > most)
    fail(key, fmt::format("is not a whole number from {} to {}", least, most));
  return value.get<int>();
}

double Description::number(const char* key, double least, double most) {
  const auto& value = member(key);
  if (!value.is_number() || !(value.get<double>() >= least && value.get<double>() <= most))
    fail(key, fmt::format("is not a number from {} to {}", least, most));
  return value.get<double>();
}

void Description::finish() const {
  for (const auto& [key, value] : object_.items())
    if (!taken_.contains(key)) fail(key, "is not a member that this program knows");
}

}  // namespace moescope
