// gRPC's own messages. Only for files that use gRPC.
#pragma once

#include <grpc/support/log.h>

#include <mutex>

namespace moescope {

/// Silences gRPC, which writes to stderr what is thrown as Error anyway.
inline void silence_grpc() {
  static std::once_flag once;
  std::call_once(once, [] { gpr_set_log_function([](gpr_log_func_args*) {}); });
}

}  // namespace moescope
