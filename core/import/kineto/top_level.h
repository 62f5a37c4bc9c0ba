// What stands around the events: deviceProperties, distributedInfo and other facts of the file.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace moescope::kineto {

/// Reads the outermost JSON object piece by piece and stops at the events. Text need not be
/// valid inside values: only quotes and brackets are followed.
class TopLevelScanner {
 public:
  enum class Found { NeedMore, Events, End, NotJson };
  /// Consumes from `text`; `used` is set to the bytes consumed. Events: the next byte is the first
  /// inside the array of events. End: the outermost value has ended.
  Found feed(std::string_view text, std::size_t& used);
  /// Key to the text of its value, for values of reasonable size.
  const std::map<std::string, std::string>& values() const { return values_; }
  /// False when the file ended inside the outermost value.
  bool complete() const { return state_ == State::End || array_form_; }

 private:
  enum class State { Start, Key, InKey, Colon, Value, InValue, End };
  Found step(char c, bool& consumed);
  void value_char(char c, bool& consumed);
  void finish_value();

  State state_ = State::Start;
  bool array_form_ = false, in_string_ = false, escaped_ = false;
  int depth_ = 0;
  std::size_t byte_order_mark_ = 0;
  std::string key_, value_;
  std::map<std::string, std::string> values_;
};

}  // namespace moescope::kineto
