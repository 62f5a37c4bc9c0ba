// gRPC's own messages. Only for files that speak gRPC.
#pragma once

#include <grpc/support/log.h>

#include <mutex>

namespace moescope {

/// gRPC would write to stderr what is thrown as Error anyway.
inline void silence_grpc() {
  static std::once_flag once;
  std::call_once(once, [] { gpr_set_log_function([](gpr_log_func_args*) {}); });
}

}  // namespace moescope
