#include "gpu/hw/emulator/fiber.h"

#include <cstring>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)  // gcc
#define MOESCOPE_ADDRESS_SANITIZER
#elif defined(__has_feature)  // clang
#if __has_feature(address_sanitizer)
#define MOESCOPE_ADDRESS_SANITIZER
#endif
#endif
#if defined(MOESCOPE_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#endif

#include "gpu/hw/emulator/thread_sanitizer.h"

namespace moescope::runtime::hw {
namespace {

#if defined(MOESCOPE_ADDRESS_SANITIZER) || defined(MOESCOPE_THREAD_SANITIZER)
constexpr std::size_t kStack = 128 * 1024;
#else
constexpr std::size_t kStack = 32 * 1024;
#endif
/// Written at the end of a stack; another value there means that the stack overflowed.
constexpr std::uint64_t kMark = 0x5AFE57AC5AFE57ACU;

/// The fiber that enter() is called for.
thread_local Fiber* entering = nullptr;

}  // namespace

#if defined(__x86_64__)
/// Saves the registers that a call preserves and where the stack is in `*save`, and takes them from
/// `load`. getcontext() and its like make a system call for each switch, which takes thirty times
/// as long.
extern "C" void moescope_switch_stack(void** save, void* load);
asm(R"(
.text
.globl moescope_switch_stack
.hidden moescope_switch_stack
.type moescope_switch_stack, @function
moescope_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size moescope_switch_stack, . - moescope_switch_stack
)");
#endif

struct Fiber::Context {
#if defined(__x86_64__)
  void* own = nullptr;
  void* caller = nullptr;
  void prepare(std::byte* stack, void (*entry)()) {
    constexpr std::size_t kSaved = 6;  // registers, then where to go, then what a call would push
    auto* top = reinterpret_cast<std::uint64_t*>(stack + kStack) - kSaved - 4;
    std::memset(top, 0, (kSaved + 4) * sizeof *top);
    top[kSaved] = reinterpret_cast<std::uint64_t>(entry);
    own = top;
  }
  void to_fiber() {
    moescope_switch_stack(&caller, own);
  }
  void to_caller() {
    moescope_switch_stack(&own, caller);
  }
#else
  ucontext_t own, caller;
  void prepare(std::byte* stack, void (*entry)()) {
    getcontext(&own);
    own.uc_stack.ss_sp = stack;
    own.uc_stack.ss_size = kStack;
    own.uc_link = nullptr;
    makecontext(&own, entry, 0);
  }
  void to_fiber() {
    swapcontext(&caller, &own);
  }
  void to_caller() {
    swapcontext(&own, &caller);
  }
#endif
  ThreadSanitizerFiber race_detector;
#if defined(MOESCOPE_ADDRESS_SANITIZER)
  void* fake_stack = nullptr;
  const void* caller_stack = nullptr;
  std::size_t caller_size = 0;
#endif
};

Fiber::Fiber() : stack_(new std::byte[kStack]), context_(std::make_unique<Context>()) {}

Fiber::~Fiber() = default;

void Fiber::start(Body body, void* argument) {
  body_ = body;
  argument_ = argument;
  context_->race_detector.renew(done_);
  done_ = false;
#if defined(MOESCOPE_ADDRESS_SANITIZER)
  __asan_unpoison_memory_region(stack_.get(), kStack);  // calls that were never left
#endif
  std::memcpy(stack_.get(), &kMark, sizeof kMark);
  context_->prepare(stack_.get(), enter);
}

void Fiber::enter() {
  Fiber& self = *entering;
#if defined(MOESCOPE_ADDRESS_SANITIZER)
  __sanitizer_finish_switch_fiber(nullptr, &self.context_->caller_stack,
                                  &self.context_->caller_size);
#endif
  self.context_->race_detector.begins();
  self.body_(self.argument_);
  self.context_->race_detector.ends();
  self.done_ = true;
  self.leave(true);
}

void Fiber::resume() {
  entering = this;
#if defined(MOESCOPE_ADDRESS_SANITIZER)
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, stack_.get(), kStack);
#endif
  context_->race_detector.enter();
  context_->to_fiber();
#if defined(MOESCOPE_ADDRESS_SANITIZER)
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
}

void Fiber::abandon() {
  if (!done_) context_->race_detector.abandon();
  done_ = true;
}

void Fiber::suspend() {
  leave(false);
}

void Fiber::leave([[maybe_unused]] bool for_good) {
#if defined(MOESCOPE_ADDRESS_SANITIZER)
  __sanitizer_start_switch_fiber(for_good ? nullptr : &context_->fake_stack, context_->caller_stack,
                                 context_->caller_size);
#endif
  context_->race_detector.leave();
  context_->to_caller();
#if defined(MOESCOPE_ADDRESS_SANITIZER)
  __sanitizer_finish_switch_fiber(context_->fake_stack, &context_->caller_stack,
                                  &context_->caller_size);
#endif
}

bool Fiber::intact() const {
  return std::memcmp(stack_.get(), &kMark, sizeof kMark) == 0;
}

}  // namespace moescope::runtime::hw
