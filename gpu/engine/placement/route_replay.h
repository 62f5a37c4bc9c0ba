// Recorded routing instead of the gate's choices: real decisions token by token, or decisions drawn
// from recorded counts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/loads/load_set.h"
#include "gpu/model/config.h"

namespace moescope::runtime {

class RouteReplay {
 public:
  /// Reads any load dump, or a .moetrace. One with routes of tokens is replayed; from counts each
  /// token draws different experts in proportion. Throws Error when layers, experts or top-k are
  /// not the model's.
  static std::shared_ptr<const RouteReplay> read(const std::filesystem::path& path,
                                                 const ModelConfig& config, Progress& progress);
  RouteReplay(LoadSet loads, const ModelConfig& config);

  /// True when tokens were recorded one by one.
  bool by_token() const { return loads_.routes.tokens() > 0; }
  /// Experts of a request's tokens, [position][MoE layer][top_k], the same in every run. Texts (or
  /// windows of counts that are in no order) belong to topics; windows in order follow one another,
  /// one per `window_seconds`.
  std::vector<std::uint16_t> routes(std::uint64_t request, int topic, int topics, double seconds,
                                    int positions) const;

  static constexpr double window_seconds = 1;

 private:
  std::vector<std::uint16_t> replayed(std::size_t text, int positions) const;
  std::vector<std::uint16_t> drawn(const LayerLoads& window, std::uint64_t request,
                                   int positions) const;

  LoadSet loads_;
  int layers_, top_k_;
  std::vector<std::size_t> texts_;  ///< first token of each text, and the end
};

}  // namespace moescope::runtime
