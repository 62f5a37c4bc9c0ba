// What ThreadSanitizer is told about emulated threads: each is a thread to it, and only the
// operations that order memory on a GPU order it here. Nothing in other builds. The emulator itself
// is not instrumented (gpu/CMakeLists.txt): its threads take turns without any order that it could
// see.
#pragma once

#if defined(MOESCOPE_THREAD_SANITIZER)
#include <sanitizer/tsan_interface.h>

extern "C" void AnnotateIgnoreReadsBegin(const char* file, int line);
extern "C" void AnnotateIgnoreReadsEnd(const char* file, int line);
#endif

namespace moescope::runtime::hw {

#if defined(MOESCOPE_THREAD_SANITIZER)
/// What the calling thread did so far happens before what others do after acquired().
inline void released(void* object) {
  __tsan_release(object);
}
inline void acquired(void* object) {
  __tsan_acquire(object);
}

/// Of the running fiber: how many Unchecked there are. nullptr: no fiber runs.
inline thread_local int* unchecked_depth = nullptr;

/// While it lives nothing that the thread or fiber does is a race: the emulator's own memory.
class Unchecked {
 public:
  Unchecked() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    if (unchecked_depth != nullptr) ++*unchecked_depth;
  }
  ~Unchecked() {
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
    if (unchecked_depth != nullptr) --*unchecked_depth;
  }
  Unchecked(const Unchecked&) = delete;
  Unchecked& operator=(const Unchecked&) = delete;
};
/// Inside an Unchecked of a thread: what is done is the kernel's again.
class Checked {
 public:
  Checked() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
  ~Checked() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  Checked(const Checked&) = delete;
  Checked& operator=(const Checked&) = delete;
};

/// A fiber, as ThreadSanitizer knows it.
class ThreadSanitizerFiber {
 public:
  ThreadSanitizerFiber() = default;
  ThreadSanitizerFiber(const ThreadSanitizerFiber&) = delete;
  ThreadSanitizerFiber& operator=(const ThreadSanitizerFiber&) = delete;
  ~ThreadSanitizerFiber() { forget(); }
  /// Begins anew; an unfinished fiber is forgotten, since its calls would seem to go on.
  void renew(bool finished) {
    if (!finished) forget();
    if (fiber_ == nullptr) fiber_ = __tsan_create_fiber(0);
  }
  void enter() {
    caller_ = __tsan_get_current_fiber();
    unchecked_depth = &depth_;
    __tsan_switch_to_fiber(fiber_, __tsan_switch_to_fiber_no_sync);
  }
  /// An unfinished fiber ends here: what it did happens before what the caller does next.
  void abandon() {
    forget();
    acquired(this);
  }
  /// In the fiber, at its beginning and end: it may have the stack of one before it.
  void begins() { acquired(this); }
  void ends() { released(this); }
  void leave() {
    unchecked_depth = nullptr;
    __tsan_switch_to_fiber(caller_, __tsan_switch_to_fiber_no_sync);
  }

 private:
  void forget() {
    if (fiber_ == nullptr) return;
    enter();
    for (; depth_ > 0; --depth_) AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
    ends();
    leave();
    __tsan_destroy_fiber(fiber_);
    fiber_ = nullptr;
  }
  void* fiber_ = nullptr;
  void* caller_ = nullptr;
  int depth_ = 0;
};
#else
inline void released(void*) {}
inline void acquired(void*) {}
struct Unchecked {
  Unchecked() {}  // NOLINT: a variable of it is not unused
};
struct Checked {
  Checked() {}  // NOLINT
};
struct ThreadSanitizerFiber {
  void renew(bool) {}
  void enter() {}
  void abandon() {}
  void begins() {}
  void ends() {}
  void leave() {}
};
#endif

}  // namespace moescope::runtime::hw
