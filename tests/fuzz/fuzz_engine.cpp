// Any bytes on the engine's socket: an Error, or an account of the engine that can be asked and
// kept. The first byte says after how many bytes a second peer speaks.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/agent/engine/engine_watch.h"
#include "core/error.h"

namespace {

void speak(moescope::EngineWatch& watch, int peer, std::string_view bytes) {
  moescope::EngineFrameReader reader("fuzz");
  std::optional<moescope::RankHello> hello;
  reader.feed(bytes);
  while (const auto frame = reader.next()) {
    auto message = moescope::parse_rank_message(*frame, hello ? &*hello : nullptr, "fuzz");
    if (!message) continue;
    if (auto* first = std::get_if<moescope::RankHello>(&*message)) {
      watch.hello(peer, *first, 1);
      hello = *first;
    } else {
      watch.message(peer, *message, 2);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = all.size() * data[0] / 256;
  moescope::EngineWatch watch(1);
  for (const auto& [peer, bytes] :
       {std::pair(1, all.substr(0, cut)), std::pair(2, all.substr(cut))})
    try {
      speak(watch, peer, bytes);
    } catch (const moescope::Error&) {
      watch.gone(peer, 3);
    }
  watch.look(4);
  if (watch.status(true, 5).history.size() > 100) std::abort();
  moescope::EngineWatch next(2);
  next.restore(watch.saved(), "fuzz");
  return 0;
}
