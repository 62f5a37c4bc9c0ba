#include <zlib.h>

#include <algorithm>
#include <limits>

#include "core/error.h"
#include "core/import/bytes/gunzip.h"

namespace moescope {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, with gzip's header and trailer

uInt zlib_size(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

class ZlibGunzip final : public Gunzip {
 public:
  ZlibGunzip() {
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw Error("", "", "cannot start zlib");
  }
  ~ZlibGunzip() override { inflateEnd(&stream_); }
  ZlibGunzip(const ZlibGunzip&) = delete;
  ZlibGunzip& operator=(const ZlibGunzip&) = delete;

  Outcome run(Buffers& buffers) override {
    const uInt in = zlib_size(buffers.in_size), out = zlib_size(buffers.out_size);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(buffers.in));
    stream_.avail_in = in;
    stream_.next_out = reinterpret_cast<Bytef*>(buffers.out);
    stream_.avail_out = out;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    const std::size_t read = in - stream_.avail_in, written = out - stream_.avail_out;
    buffers = {buffers.in + read, buffers.in_size - read, buffers.out + written,
               buffers.out_size - written};
    if (code == Z_STREAM_END) {
      inflateReset(&stream_);
      return Outcome::MemberEnd;
    }
    return code == Z_OK || code == Z_BUF_ERROR ? Outcome::Going : Outcome::Damaged;
  }

 private:
  z_stream stream_{};
};

}  // namespace

std::unique_ptr<Gunzip> make_zlib_gunzip() {
  return std::make_unique<ZlibGunzip>();
}

#ifndef MOESCOPE_HAS_ISAL
std::unique_ptr<Gunzip> make_gunzip() {
  return make_zlib_gunzip();
}
#endif

}  // namespace moescope
