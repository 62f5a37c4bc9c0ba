// Records what a stream of a rank does while the object lives.
#pragma once

#include <utility>

#include "gpu/engine/rank/rank_runner.h"

namespace moescope::runtime {

/// Where a row of a matrix begins, in elements.
inline std::size_t at(int row, int width) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(width);
}

/// A span of one stream: which bytes its rank sent in it, and which workers it held. On a stream
/// that computes it lasts at least as long as the rank's share of the cores needs for it.
class RankRunner::Scope {
 public:
  Scope(RankRunner& runner, StreamId stream, SpanName name, const Item& item, int tokens);
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();
  /// Where the number of rows comes out in the span.
  void set_tokens(int tokens) { span_.tokens = tokens; }

 private:
  std::vector<WorkerRecord>& held() { return runner_.held_[static_cast<std::size_t>(stream_)]; }
  /// Bytes that the stream has put on NVLink and IB.
  std::pair<std::uint64_t, std::uint64_t> sent() const;

  bool paced() const;
  /// Sleeps until the share of the cores of the stream's workers would be done.
  void fill_share();

  RankRunner& runner_;
  StreamId stream_;
  std::int64_t begin_ = 0;
  std::int64_t processor_ = 0;  ///< of this thread at the beginning, ns
  SpanRecord span_;
  std::pair<std::uint64_t, std::uint64_t> before_;
};

template <typename Action>
void RankRunner::in_span(SpanName name, const Item& item, int tokens, const Action& action) {
  Scope scope(*this, StreamId::Compute, name, item, tokens);
  action();
}

}  // namespace moescope::runtime
