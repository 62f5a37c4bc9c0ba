#include "core/import/text_lines.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/import/bytes/byte_source.h"

namespace moescope {

std::vector<std::string> for_each_text_line(
    const std::filesystem::path& path, Progress& progress,
    const std::function<void(std::string_view, std::uint64_t, bool)>& use) {
  constexpr std::size_t kBlock = std::size_t{1} << 20;
  const auto source = open_byte_source(path);
  std::string block(kBlock, '\0'), line;
  std::uint64_t number = 0;
  const auto take = [&](std::string_view text) {
    if (line.size() + text.size() > kMaxImportLine)
      throw Error(path.string(), fmt::format("line {}", number + 1), "is longer than 16 MiB");
    line += text;
  };
  while (const std::size_t count = source->read(block.data(), block.size())) {
    progress.report(source->fraction(), "reading lines");
    std::string_view rest(block.data(), count);
    for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      take(rest.substr(0, end));
      use(line, ++number, true);
      line.clear();
      rest.remove_prefix(end + 1);
    }
    take(rest);
  }
  if (!line.empty()) use(line, ++number, false);
  return source->warnings();
}

}  // namespace moescope
