#include "core/import/nsys/nsys_words.h"

#include <array>
#include <span>

namespace moescope::nsys {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::array<std::string_view, 14> kCopyKinds = {
    "",     "HtoD", "DtoH", "HtoA", "AtoH",     "AtoA",     "AtoD",
    "DtoA", "DtoD", "HtoH", "PtoP", "UVM HtoD", "UVM DtoH", "UVM DtoD"};
constexpr std::array<std::string_view, 8> kMemoryKinds = {
    "Pageable", "Pinned", "Device", "Array", "Managed", "Device static", "Managed static", ""};
constexpr std::array<std::string_view, 5> kSyncTypes = {
    "", "Event synchronize", "Stream wait event", "Stream synchronize", "Context synchronize"};
constexpr std::array<std::string_view, 4> kLaunchTypes = {"", "regular", "cooperative",
                                                          "cooperative multi-device"};
constexpr std::array<std::string_view, 6> kMigrationCauses = {
    "", "user prefetch", "page fault", "speculative prefetch", "eviction", "access counters"};
constexpr std::array<std::string_view, 4> kCacheConfigs = {"prefer none", "prefer shared",
                                                           "prefer L1", "prefer equal"};

std::string_view pick(Words words, std::int64_t value) {
  return value >= 0 && value < static_cast<std::int64_t>(words.size())
             ? words[static_cast<std::size_t>(value)]
             : std::string_view();
}

}  // namespace

std::string_view copy_kind(std::int64_t value) {
  return pick(kCopyKinds, value);
}

std::string_view memory_kind(std::int64_t value) {
  return pick(kMemoryKinds, value);
}

std::string_view word_of(std::string_view column, std::int64_t value) {
  if (column == "copyKind") return copy_kind(value);
  if (column == "memKind" || column == "srcKind" || column == "dstKind") return memory_kind(value);
  if (column == "syncType") return pick(kSyncTypes, value);
  if (column == "launchType") return pick(kLaunchTypes, value);
  if (column == "migrationCause") return pick(kMigrationCauses, value);
  if (column == "cacheConfig") return pick(kCacheConfigs, value);
  return {};
}

}  // namespace moescope::nsys
