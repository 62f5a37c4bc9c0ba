// A value of a Flight Recorder dump, whether it was written as a pickle or as JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/loads/files/pickle.h"

namespace moescope::flight {

/// A view; the document must outlive it. Missing members are null values, wrong kinds are nullopt
/// or empty.
class DumpValue {
 public:
  DumpValue() = default;
  explicit DumpValue(const nlohmann::json& json) : json_(&json) {}
  DumpValue(const Pickle& pickle, const PickleValue& value) : pickle_(&pickle), value_(&value) {}

  DumpValue operator[](std::string_view key) const;
  bool is_null() const;
  bool is_object() const;
  std::optional<std::string> text() const;
  std::optional<std::int64_t> integer() const;
  std::optional<double> real() const;
  std::optional<bool> boolean() const;
  /// Items of a list or tuple, members of an object; 0 for others.
  std::size_t size() const;
  /// @pre i < size()
  DumpValue item(std::size_t i) const;
  /// Key of member `i` of an object, "" when it is no text.
  std::string key(std::size_t i) const;

 private:
  const nlohmann::json* json_ = nullptr;
  const Pickle* pickle_ = nullptr;
  const PickleValue* value_ = nullptr;
};

}  // namespace moescope::flight
