// What ThreadSanitizer is told about emulated threads: each is a thread to it, and only the
// operations that order memory on a GPU order it here. Nothing in other builds. The emulator itself
// is not instrumented (gpu/CMakeLists.txt): its threads take turns without any order that it could
// see.
#pragma once

#if defined(MOESCOPE_THREAD_SANITIZER)
#include <sanitizer/tsan_interface.h>
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
    __tsan_switch_to_fiber(fiber_, __tsan_switch_to_fiber_no_sync);
  }
  void leave() { __tsan_switch_to_fiber(caller_, __tsan_switch_to_fiber_no_sync); }

 private:
  void forget() {
    if (fiber_ != nullptr) __tsan_destroy_fiber(fiber_);
    fiber_ = nullptr;
  }
  void* fiber_ = nullptr;
  void* caller_ = nullptr;
};
#else
inline void released(void*) {}
inline void acquired(void*) {}
struct ThreadSanitizerFiber {
  void renew(bool) {}
  void enter() {}
  void leave() {}
};
#endif

}  // namespace moescope::runtime::hw
