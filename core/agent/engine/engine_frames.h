// Frames between a serving engine's ranks and the agent, over a Unix socket. The other side is
// resources/engines/moescope_engine/frames.py.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace moescope {

/// "MOES", length of the header, length of the payload (u32, little endian), a JSON object, bytes.
struct EngineFrame {
  nlohmann::json header;
  std::string payload;
};

inline constexpr std::size_t kMaxEngineHeader = std::size_t{1} << 16;
inline constexpr std::size_t kMaxEnginePayload = std::size_t{16} << 20;

/// Takes bytes as they come and gives whole frames. The bytes are not trusted.
class EngineFrameReader {
 public:
  /// @param source names the peer in errors
  explicit EngineFrameReader(std::string source) : source_(std::move(source)) {}

  void feed(std::string_view bytes) { held_.append(bytes); }
  /// The next whole frame; nullopt until more bytes come. Throws Error when what came is no frame
  /// or a larger one than a frame may be: the connection is of no use then.
  std::optional<EngineFrame> next();
  /// Bytes that wait for the rest of their frame.
  std::size_t held() const { return held_.size() - begin_; }

 private:
  std::string source_, held_;
  std::size_t begin_ = 0;  ///< of the next frame in held_
};

/// Bytes of a frame.
std::string engine_frame(const nlohmann::json& header, std::string_view payload = {});

}  // namespace moescope
