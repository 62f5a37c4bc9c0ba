// A thread of control with a stack of its own that runs only while its owner lets it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace moescope::runtime::hw {

/// Owner and fiber take turns on one thread of the operating system.
class Fiber {
 public:
  using Body = void (*)(void* argument);

  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// The next resume() calls `body`; what the fiber did before is forgotten, without unwinding.
  void start(Body body, void* argument);
  /// Runs the fiber until it suspends itself or its body returns.
  void resume();
  /// In the fiber: back to resume().
  void suspend();
  bool done() const { return done_; }
  /// The fiber is not resumed any more.
  void abandon();
  /// False when the stack was too small.
  bool intact() const;

 private:
  struct Context;
  static void enter();
  void leave(bool for_good);

  std::unique_ptr<std::byte[]> stack_;
  std::unique_ptr<Context> context_;
  Body body_ = nullptr;
  void* argument_ = nullptr;
  bool done_ = true;
};

}  // namespace moescope::runtime::hw
