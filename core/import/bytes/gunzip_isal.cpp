#ifdef MOESCOPE_HAS_ISAL
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <limits>

#include "core/import/bytes/gunzip.h"

namespace moescope {
namespace {

std::uint32_t limited(std::size_t size) {
  return static_cast<std::uint32_t>(
      std::min<std::size_t>(size, std::numeric_limits<std::uint32_t>::max()));
}

class IsalGunzip final : public Gunzip {
 public:
  IsalGunzip() {
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP;
  }

  Outcome run(Buffers& buffers) override {
    if (damaged_) return give_rest(buffers);
    const std::uint32_t in = limited(buffers.in_size), out = limited(buffers.out_size);
    state_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(buffers.in));
    state_.avail_in = in;
    state_.next_out = reinterpret_cast<std::uint8_t*>(buffers.out);
    state_.avail_out = out;
    const int code = isal_inflate(&state_);
    const std::size_t read = in - state_.avail_in, written = out - state_.avail_out;
    buffers = {buffers.in + read, buffers.in_size - read, buffers.out + written,
               buffers.out_size - written};
    damaged_ = code != ISAL_DECOMP_OK && code != ISAL_END_INPUT;
    if (damaged_) return give_rest(buffers);
    if (state_.block_state != ISAL_BLOCK_FINISH) return Outcome::Going;
    isal_inflate_reset(&state_);
    state_.crc_flag = ISAL_GZIP;
    return Outcome::MemberEnd;
  }

 private:
  /// At damage ISA-L keeps what it had decompressed but found no room for.
  Outcome give_rest(Buffers& buffers) {
    const auto rest = static_cast<std::size_t>(state_.tmp_out_valid - state_.tmp_out_processed);
    const std::size_t size = std::min(rest, buffers.out_size);
    std::copy_n(state_.tmp_out_buffer + state_.tmp_out_processed, size, buffers.out);
    state_.tmp_out_processed += static_cast<std::int32_t>(size);
    buffers.out += size;
    buffers.out_size -= size;
    return size < rest ? Outcome::Going : Outcome::Damaged;
  }

  inflate_state state_{};
  bool damaged_ = false;
};

}  // namespace

std::unique_ptr<Gunzip> make_gunzip() {
  return std::make_unique<IsalGunzip>();
}

}  // namespace moescope
#endif
