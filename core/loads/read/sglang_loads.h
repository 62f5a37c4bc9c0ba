// The modes of SGLang's expert distribution recorder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/loads/files/load_budget.h"
#include "core/loads/files/torch_file.h"
#include "core/loads/load_set.h"

namespace moescope::load_formats {

/// A dump of mode stat or stat_approx. @param in_order the rows are known to be in order
LoadSet read_sglang_stat(TorchFile& file, const PickleValue& counts, const std::string& source,
                         bool in_order);

/// Dumps of mode per_pass or per_token: one file per rank, all of one server.
class SglangPasses {
 public:
  explicit SglangPasses(std::string source);
  ~SglangPasses();
  SglangPasses(const SglangPasses&) = delete;
  SglangPasses& operator=(const SglangPasses&) = delete;

  /// Files must come in chronological order. Throws Error when they are not of one recording.
  void add(TorchFile& file, const std::filesystem::path& path);
  /// A window for each pass, summed over the ranks.
  LoadSet take();

  struct Record;  ///< of one pass

 private:
  struct Dump;
  /// The dump that a file belongs to, and its rank.
  std::pair<Dump&, int> dump_of(std::optional<int> rank, std::vector<std::vector<int>> map,
                                const std::vector<Record>& records,
                                const std::filesystem::path& path);
  static void add_counts(TorchFile& file, Dump& dump, std::vector<double>& of_rank,
                         const std::vector<Record>& records, const std::filesystem::path& path);
  void check_dumps() const;
  int take_windows(Dump& dump, LoadSet& loads, LoadBudget& budget) const;
  void take_sources(LoadSet& loads) const;

  std::string source_;
  std::vector<Dump> dumps_;
  bool per_token_ = false;
};

/// Whether a file holds a single rank of a dump of mode per_pass or per_token. False for unreadable
/// files.
bool is_rank_file(const std::filesystem::path& path);
/// Recorder files of a folder in the order of the times in their names.
std::vector<std::filesystem::path> recorder_files(const std::filesystem::path& folder);

}  // namespace moescope::load_formats
