#include "core/agent/engine/engine_frames.h"

#include <fmt/format.h>

#include "core/error.h"

namespace moescope {
namespace {

constexpr std::string_view kTag = "MOES";
constexpr std::size_t kPrefix = 12;

std::size_t u32_at(const std::string& bytes, std::size_t at) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= std::size_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

void append_u32(std::string& out, std::size_t value) {
  for (std::size_t i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

}  // namespace

std::optional<EngineFrame> EngineFrameReader::next() {
  if (held() < kPrefix) return std::nullopt;
  const std::size_t header = u32_at(held_, begin_ + 4), payload = u32_at(held_, begin_ + 8);
  if (std::string_view(held_).substr(begin_, kTag.size()) != kTag || header > kMaxEngineHeader ||
      payload > kMaxEnginePayload)
    throw Error(source_, "", "does not speak the language of the engine plugin",
                "Update the agent and the plugin together");
  if (held() < kPrefix + header + payload) return std::nullopt;
  EngineFrame frame;
  const auto text = std::string_view(held_).substr(begin_ + kPrefix, header);
  frame.header = nlohmann::json::parse(text, nullptr, false);
  if (!frame.header.is_object())
    throw Error(source_, "", "sent a message whose header is no JSON object");
  frame.payload = held_.substr(begin_ + kPrefix + header, payload);
  begin_ += kPrefix + header + payload;
  if (begin_ == held_.size() || begin_ > kMaxEngineHeader) {
    held_.erase(0, begin_);
    begin_ = 0;
  }
  return frame;
}

std::string engine_frame(const nlohmann::json& header, std::string_view payload) {
  const std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string out(kTag);
  append_u32(out, text.size());
  append_u32(out, payload.size());
  out += text;
  out += payload;
  return out;
}

}  // namespace moescope
