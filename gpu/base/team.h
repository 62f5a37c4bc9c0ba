// How an operator spreads its rows over workers.
#pragma once

#include <functional>

namespace moescope::runtime {

/// Runs pieces of work in parallel. Results of operators never depend on the split.
class Team {
 public:
  virtual ~Team() = default;
  /// Workers that may run at once, at least 1.
  virtual int size() const = 0;
  /// Calls piece(begin, end) for parts that cover [0, count); returns when all are done. Rethrows
  /// the first exception.
  virtual void split(int count, const std::function<void(int begin, int end)>& piece) = 0;
};

/// Everything on the calling thread.
class SerialTeam final : public Team {
 public:
  int size() const override { return 1; }
  void split(int count, const std::function<void(int, int)>& piece) override {
    if (count > 0) piece(0, count);
  }
};

}  // namespace moescope::runtime
