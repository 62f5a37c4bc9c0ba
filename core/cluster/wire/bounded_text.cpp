#include "core/cluster/wire/bounded_text.h"

#include "core/import/kineto/json_text.h"

namespace moescope {
namespace {

bool is_control(std::string_view one) {
  const auto byte = static_cast<unsigned char>(one[0]);
  if (one.size() == 1) return byte < 0x20 || byte == 0x7F;
  // U+0080 to U+009F: terminals take some of them for escapes.
  return one.size() == 2 && byte == 0xC2 && static_cast<unsigned char>(one[1]) < 0xA0;
}

}  // namespace

std::string bounded_text(std::string_view text, std::size_t limit) {
  constexpr std::string_view kCut = "...";
  std::string out;
  std::size_t fits = 0;  // bytes of `out` that leave room for kCut
  while (!text.empty()) {
    const std::size_t size = kineto::utf8_length(text, 0);
    const std::string_view one = text.substr(0, size == 0 ? 1 : size);
    out += size == 0 || is_control(one) ? "?" : one;
    text.remove_prefix(one.size());
    if (out.size() > limit) return out.substr(0, fits).append(kCut);
    if (out.size() + kCut.size() <= limit) fits = out.size();
  }
  return out;
}

}  // namespace moescope
