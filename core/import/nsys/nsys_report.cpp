// Nsight Systems reports (.nsys-rep): only NVIDIA's nsys reads them, so it is asked to export one.
#include <fmt/format.h>

#include "core/error.h"
#include "core/files.h"
#include "core/import/importer.h"
#include "core/import/nsys/nsys.h"
#include "core/import/sqlite/database.h"
#include "core/run_program.h"
#include "core/temporary_folder.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxLog = std::size_t{1} << 20;
constexpr std::size_t kShownLog = 400;

/// The end of what a program said.
std::string last_words(const std::filesystem::path& log) {
  std::string text;
  try {
    text = read_text_file(log, kMaxLog);
  } catch (const Error&) {
    return "";
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text.size() > kShownLog ? "..." + text.substr(text.size() - kShownLog) : text;
}

class NsysReportImporter final : public Importer {
 public:
  std::string_view name() const override { return "nsys_report"; }
  std::string_view description() const override {
    return "Nsight Systems report (.nsys-rep), where nsys is installed";
  }

  /// The form is not published: what is named like a report and is no export is one.
  bool recognises(const FileProbe& probe) const override {
    const auto extension = probe.path.extension();
    return (extension == ".nsys-rep" || extension == ".qdrep") && !foreign::is_sqlite(probe.head);
  }

  void import(const FileProbe& probe, TraceSink& sink, const ImportOptions& options,
              Progress& progress) const override {
    const std::string file = std::filesystem::absolute(probe.path).string();
    const auto program = find_program("nsys");
    if (!program)
      throw Error(probe.path.string(), "",
                  "is a report of Nsight Systems, which only nsys reads, and nsys is not installed "
                  "(not in PATH)",
                  "Where it is, run nsys export --type sqlite " + probe.path.filename().string() +
                      " and open the .sqlite file");
    const TemporaryFolder folder("moescope-nsys");
    const auto database = folder.path() / "export.sqlite", log = folder.path() / "log";
    const int status =
        run_program({program->string(), "export", "--type", "sqlite", "--force-overwrite", "true",
                     "--output", database.string(), file},
                    log, "nsys exports the report", progress);
    std::error_code error;
    if (status != 0 || !std::filesystem::is_regular_file(database, error))
      throw Error(probe.path.string(), "",
                  fmt::format("nsys could not export it (status {}): {}", status, last_words(log)),
                  "Export it with the version of nsys that recorded it");
    nsys::import_export(database, probe.path, sink, options, progress);
  }
};

}  // namespace

const Importer& nsys_report_importer() {
  static const NsysReportImporter importer;
  return importer;
}

}  // namespace moescope
