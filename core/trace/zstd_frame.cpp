#include "core/trace/zstd_frame.h"

#include <zstd.h>

#include <memory>
#include <new>

namespace moescope {

std::string zstd_frame(std::string_view raw, int level) {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string bytes(ZSTD_compressBound(raw.size()), '\0');
  const auto n = ZSTD_compress2(context.get(), bytes.data(), bytes.size(), raw.data(), raw.size());
  if (ZSTD_isError(n)) throw std::bad_alloc();  // the bound is enough: only memory can lack
  bytes.resize(n);
  return bytes;
}

}  // namespace moescope
