#include "core/import/flight/dump_value.h"

#include <iterator>

namespace moescope::flight {
namespace {

using Kind = PickleValue::Kind;

}  // namespace

DumpValue DumpValue::operator[](std::string_view key) const {
  if (json_ != nullptr && json_->is_object()) {
    const auto it = json_->find(key);
    return it == json_->end() ? DumpValue() : DumpValue(*it);
  }
  if (value_ == nullptr) return {};
  const PickleValue* found = pickle_->find(*value_, key);
  return found == nullptr ? DumpValue() : DumpValue(*pickle_, *found);
}

bool DumpValue::is_null() const {
  if (json_ != nullptr) return json_->is_null();
  return value_ == nullptr || value_->kind == Kind::None;
}

bool DumpValue::is_object() const {
  return json_ != nullptr ? json_->is_object() : value_ != nullptr && value_->kind == Kind::Dict;
}

std::optional<std::string> DumpValue::text() const {
  if (json_ != nullptr && json_->is_string()) return json_->get<std::string>();
  if (value_ != nullptr && value_->kind == Kind::Text) return value_->text;
  return {};
}

std::optional<std::int64_t> DumpValue::integer() const {
  if (json_ != nullptr && json_->is_number_integer()) return json_->get<std::int64_t>();
  if (value_ != nullptr && value_->kind == Kind::Int) return value_->integer;
  return {};
}

std::optional<double> DumpValue::real() const {
  if (json_ != nullptr && json_->is_number()) return json_->get<double>();
  if (value_ != nullptr && value_->kind == Kind::Float) return value_->real;
  if (const auto whole = integer()) return static_cast<double>(*whole);
  return {};
}

std::optional<bool> DumpValue::boolean() const {
  if (json_ != nullptr && json_->is_boolean()) return json_->get<bool>();
  if (value_ != nullptr && value_->kind == Kind::Bool) return value_->integer != 0;
  return {};
}

std::size_t DumpValue::size() const {
  if (json_ != nullptr) return json_->is_structured() ? json_->size() : 0;
  if (value_ == nullptr) return 0;
  if (value_->kind == Kind::Dict) return value_->items.size() / 2;
  return value_->kind == Kind::List || value_->kind == Kind::Tuple ? value_->items.size() : 0;
}

DumpValue DumpValue::item(std::size_t i) const {
  if (json_ != nullptr) return DumpValue(*std::next(json_->begin(), static_cast<long>(i)));
  const std::size_t at = value_->kind == Kind::Dict ? 2 * i + 1 : i;
  return {*pickle_, pickle_->value(value_->items[at])};
}

std::string DumpValue::key(std::size_t i) const {
  if (json_ != nullptr) return std::next(json_->begin(), static_cast<long>(i)).key();
  return DumpValue(*pickle_, pickle_->value(value_->items[2 * i])).text().value_or("");
}

}  // namespace moescope::flight
