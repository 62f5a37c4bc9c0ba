#include "core/trace/types.h"

namespace moescope {

const char* to_string(SpanKind kind) {
  switch (kind) {
    case SpanKind::Kernel:
      return "kernel";
    case SpanKind::Memcpy:
      return "memcpy";
    case SpanKind::Memset:
      return "memset";
    case SpanKind::GpuAnnotation:
      return "gpu_annotation";
    case SpanKind::Sync:
      return "sync";
    case SpanKind::Runtime:
      return "runtime";
    case SpanKind::CpuOp:
      return "cpu_op";
    case SpanKind::Annotation:
      return "annotation";
    case SpanKind::Phase:
      return "phase";
    case SpanKind::Instant:
      return "instant";
    case SpanKind::Other:
      return "other";
  }
  return "other";
}

}  // namespace moescope
