#include "gpu/model/config_reader.h"

#include <fmt/format.h>

#include <cmath>

namespace moescope::runtime {

using nlohmann::json;

namespace {
std::string shown(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 60) + "...";
  return text;
}
}  // namespace

ConfigReader::ConfigReader(const json& object, std::string source, std::string prefix)
    : object_(object), source_(std::move(source)), prefix_(std::move(prefix)) {
  if (!object_.is_object()) throw Error(source_, prefix_, "expected a JSON object");
}

void ConfigReader::refuse(std::string_view key, const std::string& problem) const {
  throw Error(source_, "key \"" + prefix_ + std::string(key) + "\"", problem);
}

const json* ConfigReader::find(const char* key) {
  read_.insert(key);
  return has(key) ? &object_[key] : nullptr;
}

bool ConfigReader::has(const char* key) const {
  const auto it = object_.find(key);
  return it != object_.end() && !it->is_null();
}

int ConfigReader::integer(const char* key, int low, int high) {
  const json* value = find(key);
  if (value == nullptr) refuse(key, "is missing");
  const auto wrong = [&] {
    refuse(key, fmt::format("is {}, expected an integer from {} to {}", shown(*value), low, high));
  };
  if (!value->is_number_integer()) wrong();
  if (value->is_number_unsigned() &&
      value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::max(high, 0)))
    wrong();
  const auto number = value->get<std::int64_t>();
  if (number < low || number > high) wrong();
  return static_cast<int>(number);
}

int ConfigReader::integer_or(const char* key, int low, int high, int otherwise) {
  read_.insert(key);
  return has(key) ? integer(key, low, high) : otherwise;
}

double ConfigReader::number_or(const char* key, double otherwise) {
  const json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_number() || !std::isfinite(value->get<double>()))
    refuse(key, "is " + shown(*value) + ", expected a number");
  return value->get<double>();
}

double ConfigReader::positive_or(const char* key, double otherwise) {
  const double value = number_or(key, otherwise);
  if (!(value > 0)) refuse(key, fmt::format("is {}, expected a positive number", value));
  return value;
}

double ConfigReader::positive(const char* key) {
  if (!has(key)) refuse(key, "is missing");
  return positive_or(key, 0);
}

bool ConfigReader::boolean_or(const char* key, bool otherwise) {
  const json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) refuse(key, "is " + shown(*value) + ", expected true or false");
  return value->get<bool>();
}

std::string ConfigReader::text_or(const char* key, const std::string& otherwise) {
  const json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) refuse(key, "is " + shown(*value) + ", expected text");
  return value->get<std::string>();
}

const json& ConfigReader::object(const char* key) {
  const json* value = find(key);
  if (value == nullptr || !value->is_object()) refuse(key, "expected an object");
  return *value;
}

void ConfigReader::only(const char* key, const json& value) {
  const json* found = find(key);
  if (found != nullptr && *found != value)
    refuse(key, fmt::format("is {}; it changes the mathematics and only {} is supported",
                            shown(*found), shown(value)));
}

void ConfigReader::harmless(std::initializer_list<const char*> keys) {
  for (const char* key : keys) read_.insert(key);
}

void ConfigReader::finish() const {
  for (const auto& [key, value] : object_.items())
    if (!read_.contains(key))
      refuse(key, "is not known; it may change the mathematics, so the model is refused");
}

}  // namespace moescope::runtime
