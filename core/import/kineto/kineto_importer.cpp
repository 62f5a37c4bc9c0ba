#include <array>

#include "core/import/importer.h"
#include "core/import/kineto/assemble.h"

namespace moescope {
namespace {

class KinetoImporter final : public Importer {
 public:
  std::string_view name() const override { return "kineto"; }
  std::string_view description() const override {
    return "PyTorch profiler (Kineto) or Chrome trace JSON, plain or gzip";
  }
  bool recognises(const FileProbe& probe) const override {
    std::string_view head = probe.head;
    if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
    const auto first = head.find_first_not_of(" \t\r\n");
    if (first == head.npos || (head[first] != '{' && head[first] != '[')) return false;
    static constexpr std::array<std::string_view, 5> kMarks = {
        "\"traceEvents\"", "\"ph\"", "\"deviceProperties\"", "\"distributedInfo\"",
        "\"baseTimeNanoseconds\""};
    return std::any_of(kMarks.begin(), kMarks.end(),
                       [&](std::string_view mark) { return head.find(mark) != head.npos; });
  }
  void import(const FileProbe& probe, TraceSink& sink, const ImportOptions& options,
              Progress& progress) const override {
    auto file = kineto::read_events(probe.path, options, progress);
    kineto::assemble(std::move(file), probe.path, probe.gzip, sink, progress);
  }
};

}  // namespace

const Importer& kineto_importer() {
  static const KinetoImporter importer;
  return importer;
}

}  // namespace moescope
