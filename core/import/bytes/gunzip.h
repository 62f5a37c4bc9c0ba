// The members of a gzip file, decompressed in pieces.
#pragma once

#include <cstddef>
#include <memory>

namespace moescope {

class Gunzip {
 public:
  enum class Outcome { Going, MemberEnd, Damaged };
  /// What is left to read and to fill; run() moves both on.
  struct Buffers {
    const char* in = nullptr;
    std::size_t in_size = 0;
    char* out = nullptr;
    std::size_t out_size = 0;
  };

  virtual ~Gunzip() = default;
  /// Decompresses until one of the buffers is used up or a member ends, whose checksum is verified
  /// then; the next call begins another member. Not to be called after Damaged.
  virtual Outcome run(Buffers& buffers) = 0;
};

std::unique_ptr<Gunzip> make_zlib_gunzip();
/// ISA-L where the build found it, several times faster than zlib; else zlib.
std::unique_ptr<Gunzip> make_gunzip();

}  // namespace moescope
