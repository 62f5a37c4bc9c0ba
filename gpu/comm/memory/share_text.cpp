#include "gpu/comm/memory/share_text.h"

#include <cstring>

#include "gpu/comm/memory/remote_memory.h"

namespace moescope::runtime {
namespace {

std::string share_by_messages(Processes& processes, const std::string& text) {
  RemoteMemory& remote = *processes.remote();
  const int mailbox = remote.add_mailbox();
  if (processes.first()) {
    for (int to = 1; to < processes.size(); ++to)
      remote.post(to, mailbox, std::as_bytes(std::span(text)));
    return text;
  }
  const auto message = remote.take(0, mailbox, [] {});
  return {reinterpret_cast<const char*>(message.data()), message.size()};
}

std::string share_by_memory(Processes& processes, const std::string& text) {
  const std::span<std::byte> size_there = processes.allocate(sizeof(std::uint64_t)).front();
  std::uint64_t size = text.size();
  if (processes.first()) std::memcpy(size_there.data(), &size, sizeof(size));
  processes.barrier();
  std::memcpy(&size, size_there.data(), sizeof(size));
  if (size == 0) return {};
  const std::span<std::byte> there = processes.allocate(size).front();
  if (processes.first()) std::memcpy(there.data(), text.data(), size);
  processes.barrier();
  return {reinterpret_cast<const char*>(there.data()), size};
}

}  // namespace

std::string share_text(Processes* processes, const std::string& text) {
  if (processes == nullptr || processes->size() == 1) return text;
  return processes->remote() != nullptr ? share_by_messages(*processes, text)
                                        : share_by_memory(*processes, text);
}

}  // namespace moescope::runtime
