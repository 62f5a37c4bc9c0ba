// JSON descriptions of hardware, models and serving units: compiled in by name, or read from a
// file.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace moescope {

struct EmbeddedText {
  std::string_view path;  ///< "hardware/h800.json"
  std::string_view text;
};
/// All compiled-in descriptions, by path.
const std::vector<EmbeddedText>& embedded_descriptions();

/// Names of the compiled-in descriptions of one kind ("hardware", "models", "units"), sorted.
std::vector<std::string> description_names(const std::string& kind);

/// The members of one JSON object, checked as they are taken. All calls throw Error that names the
/// source and the member.
class Description {
 public:
  /// @param name_or_path a compiled-in name of that kind, or the path of a .json file
  static Description open(const std::string& kind, const std::string& name_or_path);
  /// @param place name of this object inside the source, "" for the whole
  Description(nlohmann::json object, std::string source, std::string place);

  bool has(const char* key) const;
  Description object(const char* key);
  /// The objects of a list.
  std::vector<Description> objects(const char* key);
  std::string text(const char* key, std::optional<std::string> otherwise = {});
  int integer(const char* key, int least, int most, std::optional<int> otherwise = {});
  double number(const char* key, double least, double most);
  /// To be called last: throws when the object has members that were not read.
  void finish() const;
  [[noreturn]] void fail(const std::string& key, const std::string& problem) const;

 private:
  const nlohmann::json& member(const char* key);

  nlohmann::json object_;
  std::string source_, place_;
  std::set<std::string> taken_;
};

}  // namespace moescope
