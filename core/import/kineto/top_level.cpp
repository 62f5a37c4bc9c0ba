#include "core/import/kineto/top_level.h"

#include "core/import/kineto/json_scan.h"

namespace moescope::kineto {
namespace {
constexpr std::size_t kMaxKey = 4096;
constexpr std::size_t kMaxValue = std::size_t{16} << 20;
constexpr std::size_t kMaxKeys = 4096;
}  // namespace

TopLevelScanner::Found TopLevelScanner::feed(std::string_view text, std::size_t& used) {
  for (used = 0; used < text.size();) {
    bool consumed = true;
    const Found found = step(text[used], consumed);
    if (consumed) ++used;
    if (found != Found::NeedMore) return found;
  }
  return state_ == State::End ? Found::End : Found::NeedMore;
}

TopLevelScanner::Found TopLevelScanner::step(char c, bool& consumed) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  switch (state_) {
    case State::Start:
      if (byte_order_mark_ < kMark.size() && c == kMark[byte_order_mark_]) {
        ++byte_order_mark_;
      } else if (c == '[') {
        array_form_ = true;
        state_ = State::Value;
        return Found::Events;
      } else if (c == '{') {
        state_ = State::Key;
      } else if (!is_space(c)) {
        return Found::NotJson;
      }
      break;
    case State::Key:
      if (c == '"') {
        key_.clear();
        escaped_ = false;
        state_ = State::InKey;
      } else if (c == '}') {
        state_ = State::End;
        return Found::End;
      }
      break;
    case State::InKey:
      if (c == '"' && !escaped_)
        state_ = State::Colon;
      else if (key_.size() < kMaxKey)
        key_ += c;
      escaped_ = c == '\\' && !escaped_;
      break;
    case State::Colon:
      if (c == ':') state_ = State::Value;
      break;
    case State::Value:
      if (array_form_ || is_space(c)) {
        if (array_form_ && !is_space(c)) state_ = State::End;  // text after the array of events
        break;
      }
      if (c == '[' && key_ == "traceEvents") {
        state_ = State::Key;  // where the scanner goes on after the events
        return Found::Events;
      }
      value_.clear();
      depth_ = 0;
      in_string_ = escaped_ = false;
      state_ = State::InValue;
      value_char(c, consumed);
      break;
    case State::InValue:
      value_char(c, consumed);
      break;
    case State::End:
      return Found::End;
  }
  return Found::NeedMore;
}

void TopLevelScanner::value_char(char c, bool& consumed) {
  if (!in_string_ && depth_ == 0 && (c == ',' || c == '}')) {
    consumed = false;
    finish_value();
    return;
  }
  if (value_.size() < kMaxValue) value_ += c;
  if (in_string_) {
    if (c == '"' && !escaped_) in_string_ = false;
    escaped_ = c == '\\' && !escaped_;
  } else if (c == '"') {
    in_string_ = true;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if (c == '}' || c == ']') {
    --depth_;
    if (depth_ <= 0) finish_value();
  }
}

void TopLevelScanner::finish_value() {
  while (!value_.empty() && is_space(value_.back())) value_.pop_back();
  if (value_.size() < kMaxValue && values_.size() < kMaxKeys) values_[key_] = value_;
  value_.clear();
  state_ = State::Key;
}

}  // namespace moescope::kineto
