#include "core/import/kineto/json_repair.h"

#include <cstring>

#include "core/import/kineto/json_scan.h"
#include "core/import/kineto/json_text.h"

namespace moescope::kineto {
namespace {

/// Rewrites one broken object; every method returns false when the meaning is lost.
class Repair {
 public:
  explicit Repair(std::string_view text) : text_(text) {}
  bool run() {
    if (!value(0, false)) return false;
    space();
    return at_ == text_.size();
  }
  std::string take() { return std::move(out_); }

 private:
  char peek(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
  std::size_t after_space(std::size_t at) const {
    while (at < text_.size() && is_space(text_[at])) ++at;
    return at;
  }
  void space() { at_ = after_space(at_); }

  bool value(int depth, bool in_object) {
    if (depth > kMaxDepth) return false;
    space();
    const char c = peek(at_);
    if (c == '{') return container(depth, true);
    if (c == '[') return container(depth, false);
    if (c == '"') return string([&](std::size_t at) { return ends_value(at, in_object); });
    return scalar();
  }
  bool container(int depth, bool object) {
    const char close = object ? '}' : ']';
    out_ += peek(at_++);
    for (bool first = true;; first = false) {
      space();
      if (peek(at_) == close) break;
      if (at_ >= text_.size()) return false;
      if (!first) out_ += ',';
      if (object && !key()) return false;
      if (!value(depth + 1, object)) return false;
      space();
      if (peek(at_) == ',')
        ++at_;
      else if (peek(at_) != close)
        return false;
    }
    ++at_;
    out_ += close;
    return true;
  }
  bool key() {
    if (peek(at_) != '"') return false;
    if (!string([&](std::size_t at) { return peek(after_space(at)) == ':'; })) return false;
    space();
    ++at_;
    out_ += ':';
    return true;
  }
  /// Whether a quote just before `at` can end a value, judged by what follows.
  bool ends_value(std::size_t at, bool in_object) const {
    at = after_space(at);
    const char c = peek(at);
    if (at >= text_.size()) return true;
    if (c == '}' || c == ']') {
      const std::size_t next = after_space(at + 1);
      return next >= text_.size() || peek(next) == ',' || peek(next) == '}' || peek(next) == ']';
    }
    if (c != ',') return false;
    at = after_space(at + 1);
    if (!in_object) return peek(at) != ',' && peek(at) != '\0';
    if (peek(at) == '}') return true;
    if (peek(at) != '"') return false;
    const std::size_t quote = text_.find('"', at + 1);
    return quote != text_.npos && peek(after_space(quote + 1)) == ':';
  }
  template <typename Ends>
  bool string(Ends ends) {
    out_ += '"';
    for (++at_; at_ < text_.size();) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        if (ends(at_)) {
          out_ += '"';
          return true;
        }
        out_ += "\\\"";
      } else if (c == '\\') {
        escape();
      } else if (static_cast<unsigned char>(c) < 0x20) {
        append_control(out_, c);
        ++at_;
      } else if (const std::size_t n = utf8_length(text_, at_); n > 0) {
        out_ += text_.substr(at_, n);
        at_ += n;
      } else {
        append_utf8(out_, kReplacement);
        ++at_;
      }
    }
    return false;
  }
  void escape() {
    const std::size_t n = peek(at_ + 1) == 'u' ? 6 : 2;
    const auto sequence = text_.substr(at_, n);
    if (sequence.size() == n && valid_escapes(sequence)) {
      out_ += sequence;
      at_ += n;
    } else {
      out_ += "\\\\";
      ++at_;
    }
  }
  bool scalar() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !std::strchr(",}]\n\"{[:", text_[at_])) ++at_;
    std::size_t end = at_;
    while (end > begin && is_space(text_[end - 1])) --end;
    if (end == begin) return false;
    for (std::size_t i = begin; i < end; ++i)
      if (static_cast<unsigned char>(text_[i]) < 0x20 || text_[i] < 0) return false;
    append_scalar(out_, text_.substr(begin, end - begin));
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::optional<std::string> repair_object(std::string_view text) {
  Repair repair(text);
  if (!repair.run()) return std::nullopt;
  return repair.take();
}

}  // namespace moescope::kineto
