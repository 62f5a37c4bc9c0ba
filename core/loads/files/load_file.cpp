#include "core/loads/files/load_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "core/error.h"
#include "core/input_file.h"
#include "core/loads/files/text_scan.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20;

std::ifstream open_load_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path.string(), "", "cannot open the file", "Check the path");
  return file;
}

}  // namespace

std::uint64_t load_file_bytes(const std::filesystem::path& path) {
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  if (!std::filesystem::exists(status))
    throw Error(path.string(), "", "cannot open the file", "Check the path");
  if (std::filesystem::is_directory(status))
    throw Error(path.string(), "", "is a folder, not a file");
  refuse_special_file(path);
  const auto bytes = std::filesystem::file_size(path, failed);
  if (failed) throw Error(path.string(), "", "cannot read the file", "Check the path");
  return bytes;
}

std::string load_file_head(const std::filesystem::path& path, std::size_t count) {
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(count, load_file_bytes(path))),
                    '\0');
  auto file = open_load_file(path);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

std::string load_file_text(const std::filesystem::path& path, std::uint64_t limit) {
  const auto size = load_file_bytes(path);
  if (size > limit)
    throw Error(path.string(), "",
                fmt::format("has {} MiB, more than the limit of {} MiB", size >> 20, limit >> 20),
                "Check that this is the right file");
  auto text = load_file_head(path, static_cast<std::size_t>(size));
  if (text.size() != size) throw Error(path.string(), "", "cannot read the whole file");
  return text;
}

void for_each_log_line(const std::filesystem::path& path, Progress& progress,
                       const std::function<void(std::string_view, std::int64_t)>& use) {
  const auto size = std::max<std::uint64_t>(load_file_bytes(path), 1);
  auto file = open_load_file(path);
  std::string block(kMaxLineBytes, '\0'), kept;
  std::uint64_t done = 0;
  std::int64_t number = 0;
  const auto give = [&](std::string_view line) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    use(line, ++number);
  };
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())), file.gcount() > 0) {
    std::string_view rest(block.data(), static_cast<std::size_t>(file.gcount()));
    done += rest.size();
    progress.report(static_cast<double>(done) / static_cast<double>(std::max(size, done)),
                    "reading the log");
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      kept.append(rest.substr(0, std::min(end, kMaxLineBytes - kept.size())));
      rest.remove_prefix(end + 1);
      give(kept);
      kept.clear();
    }
    kept.append(rest.substr(0, kMaxLineBytes - kept.size()));
  }
  if (file.bad()) throw Error(path.string(), "", "cannot read the file");
  if (!kept.empty()) give(kept);
}

}  // namespace moescope
