// Reads the keys of a config.json and remembers which were read, so that none is ignored.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "core/error.h"

namespace moescope::runtime {

class ConfigReader {
 public:
  /// `prefix` is put before keys in messages ("rope_scaling.").
  ConfigReader(const nlohmann::json& object, std::string source, std::string prefix = {});

  bool has(const char* key) const;  ///< present and not null
  /// Required integer in [low, high].
  int integer(const char* key, int low, int high);
  int integer_or(const char* key, int low, int high, int otherwise);
  double positive(const char* key);
  double positive_or(const char* key, double otherwise);
  double number_or(const char* key, double otherwise);
  bool boolean_or(const char* key, bool otherwise);
  std::string text_or(const char* key, const std::string& otherwise);
  /// The object under `key`; only when has(key).
  const nlohmann::json& object(const char* key);

  /// The key may be absent; where present it must have this value, since nothing else is computed.
  void only(const char* key, const nlohmann::json& value);
  /// Keys that do not change what a forward pass computes.
  void harmless(std::initializer_list<const char*> keys);
  /// Throws Error naming the first key that nobody read.
  void finish() const;

  [[noreturn]] void refuse(std::string_view key, const std::string& problem) const;

 private:
  const nlohmann::json* find(const char* key);

  const nlohmann::json& object_;
  std::string source_, prefix_;
  std::set<std::string> read_;
};

}  // namespace moescope::runtime
