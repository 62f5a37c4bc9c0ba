// SGLang's recorder in the modes per_pass and per_token: physical counts of passes, a file a rank.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/loads/files/load_budget.h"
#include "core/loads/read/sglang_loads.h"
#include "core/loads/read/torch_counts.h"

namespace moescope::load_formats {

struct SglangPasses::Record {
  std::int64_t pass = 0;
  std::string gatherer;
  const PickleValue* counts = nullptr;
};

namespace {

using Index = std::size_t;
using Record = SglangPasses::Record;
using Kind = PickleValue::Kind;
using Map = std::vector<std::vector<int>>;
using Counts = std::vector<double>;  ///< [layer][slot]

Record record_of(const Pickle& pickle, const PickleValue& value, const std::string& path) {
  const auto* pass = pickle.find(value, "forward_pass_id");
  const auto* counts = pickle.find(value, "global_physical_count");
  const auto* gatherer = pickle.find(value, "gatherer_key");
  if (pass == nullptr || pass->kind != Kind::Int || counts == nullptr)
    throw Error(path, "records", "has a record without forward_pass_id and global_physical_count");
  return {pass->integer, gatherer == nullptr ? "" : gatherer->text, counts};
}

/// The rank of a file: of its records, else the number behind the last '_' of its name.
std::optional<int> rank_of(const Pickle& pickle, const PickleValue& records,
                           const std::filesystem::path& path) {
  for (const auto index : records.items) {
    const auto* rank = pickle.find(pickle.value(index), "rank");
    if (rank != nullptr && rank->kind == Kind::Int && rank->integer >= 0 &&
        rank->integer < kMaxPlanGpus)
      return static_cast<int>(rank->integer);
  }
  const auto name = path.stem().string();
  const auto digits = name.substr(std::min(name.rfind('_'), name.size() - 1) + 1);
  if (name.find('_') == std::string::npos || digits.empty() || digits.size() > 5 ||
      digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoi(digits);
}

bool all_zero(const Counts& counts) {
  return std::all_of(counts.begin(), counts.end(), [](double v) { return v == 0; });
}

int experts_of(const Map& map) {
  int experts = 0;
  for (const auto& row : map)
    for (const int e : row) experts = std::max(experts, e + 1);
  return experts;
}

}  // namespace

/// What all ranks wrote at one time. Of the passes the sum over the ranks is kept, of the ranks the
/// sum over the passes.
struct SglangPasses::Dump {
  struct Pass {
    Counts sum;
    int files = 0;  ///< that have it
  };
  Map map;
  std::map<std::int64_t, Pass> passes;
  std::map<int, Counts> of_rank;
  std::set<int> ranks;
  std::string file;  ///< the first of them

  bool shares_a_pass(const std::vector<Record>& records) const {
    return passes.empty() || records.empty() ||
           std::any_of(records.begin(), records.end(),
                       [this](const Record& r) { return passes.count(r.pass) != 0; });
  }
};

SglangPasses::SglangPasses(std::string source) : source_(std::move(source)) {}
SglangPasses::~SglangPasses() = default;

/// A rank that comes again, another map or other passes begin the next dump of the server.
std::pair<SglangPasses::Dump&, int> SglangPasses::dump_of(std::optional<int> rank, Map map,
                                                          const std::vector<Record>& records,
                                                          const std::filesystem::path& path) {
  const auto next = [&] {
    return dumps_.empty() ? 0 : static_cast<int>(dumps_.back().ranks.size());
  };
  const auto joins = [&](const Dump& dump) {
    return (!rank || dump.ranks.count(*rank) == 0) && dump.map == map &&
           dump.shares_a_pass(records);
  };
  if (dumps_.empty() || !joins(dumps_.back())) {
    if (!dumps_.empty() &&
        (dumps_.back().map.size() != map.size() || dumps_.back().map[0].size() != map[0].size()))
      throw Error(path.string(), "last_physical_to_logical_map",
                  fmt::format("has {} layers of {} slots, that of {} has {} of {}", map.size(),
                              map[0].size(), dumps_.back().file, dumps_.back().map.size(),
                              dumps_.back().map[0].size()),
                  "Put only the files of one recording into the folder");
    dumps_.push_back({std::move(map), {}, {}, {}, path.filename().string()});
  }
  const int number = rank.value_or(next());
  dumps_.back().ranks.insert(number);
  return {dumps_.back(), number};
}

void SglangPasses::add(TorchFile& file, const std::filesystem::path& path) {
  const auto& pickle = file.pickle();
  const auto* map = pickle.find(pickle.root(), "last_physical_to_logical_map");
  const auto* list = pickle.find(pickle.root(), "records");
  if (map == nullptr) throw Error(path.string(), "last_physical_to_logical_map", "is missing");
  if (list == nullptr || list->kind != Kind::List)
    throw Error(path.string(), "records", "is not a list");
  std::vector<Record> records;
  for (const auto index : list->items) {
    records.push_back(record_of(pickle, pickle.value(index), path.string()));
    per_token_ |= pickle.find(pickle.value(index), "topk_ids_of_layer") != nullptr;
  }
  const auto [dump, rank] = dump_of(
      rank_of(pickle, *list, path),
      read_expert_map(file, *map, path.string(), "last_physical_to_logical_map"), records, path);
  add_counts(file, dump, dump.of_rank[rank], records, path);
}

void SglangPasses::add_counts(TorchFile& file, Dump& dump, Counts& of_rank,
                              const std::vector<Record>& records,
                              const std::filesystem::path& path) {
  const Index layers = dump.map.size(), slots = dump.map[0].size();
  std::set<std::pair<std::int64_t, std::string>> seen;
  std::set<std::int64_t> passes;
  for (const auto& record : records) {
    const auto place = fmt::format("pass {}", record.pass);
    const auto shape = count_shape(file, *record.counts, path.string(), place);
    if (shape.windows != 1 || shape.layers != layers || shape.width != slots)
      throw Error(path.string(), place, "has counts of another shape than the map");
    const auto counts = file.values(*record.counts, kMaxLoadValues);
    // A draft model counts its passes too, but records nothing in them.
    const bool zero = all_zero(counts);
    if (!zero && !seen.emplace(record.pass, record.gatherer).second)
      throw Error(path.string(), place, "stands twice in the file, so it is not of one recording",
                  "Dump each recording separately");
    auto& pass = dump.passes[record.pass];
    if (passes.insert(record.pass).second) ++pass.files;
    if (zero) continue;
    if (pass.sum.empty() && (dump.passes.size() * layers > kMaxLoadRows ||
                             dump.passes.size() * layers * slots > kMaxLoadValues))
      throw Error(path.string(), place, "has more counts than can be kept",
                  "Record fewer passes, or use mode stat");
    pass.sum.resize(counts.size(), 0.0);
    of_rank.resize(counts.size(), 0.0);
    for (Index i = 0; i < counts.size(); ++i) {
      pass.sum[i] += counts[i];
      of_rank[i] += counts[i];
    }
  }
}

/// All dumps have the same ranks, and no pass is in two of them.
void SglangPasses::check_dumps() const {
  const Dump& first = dumps_.front();
  for (const Dump& dump : dumps_)
    if (dump.ranks != first.ranks)
      throw Error(
          source_, dump.file,
          fmt::format("has other ranks, passes or another last_physical_to_logical_map: "
                      "with it are files of ranks {}, with {} those of ranks {}",
                      fmt::join(dump.ranks, ", "), first.file, fmt::join(first.ranks, ", ")),
          "Put only the files of one recording into the folder, of all its ranks");
  std::map<std::int64_t, const Dump*> of_pass;
  for (const Dump& dump : dumps_)
    for (const auto& [id, pass] : dump.passes)
      if (const auto [it, added] = of_pass.try_emplace(id, &dump);
          !added && !pass.sum.empty() && !it->second->passes.at(id).sum.empty())
        throw Error(source_, fmt::format("pass {}", id),
                    fmt::format("is in two recordings, that of {} and that of {}: the server was "
                                "started again between them, and they would be summed",
                                it->second->file, dump.file),
                    "Put the files of each recording into a separate folder");
}

/// Windows of one dump; how many of them lack a rank.
int SglangPasses::take_windows(Dump& dump, LoadSet& loads, LoadBudget& budget) const {
  const Index slots = dump.map[0].size();
  int partial = 0;
  for (auto& [id, pass] : dump.passes) {
    if (pass.sum.empty()) continue;  // of a draft model, or without a token
    partial += pass.files < static_cast<int>(dump.ranks.size()) ? 1 : 0;
    budget.take(1, dump.map.size(), static_cast<Index>(loads.experts), fmt::format("pass {}", id));
    auto& window = loads.windows.emplace_back();
    if (loads.num_gpus) loads.measured.emplace_back();
    for (Index l = 0; l < dump.map.size(); ++l) {
      const auto row = pass.sum.begin() + static_cast<long>(l * slots);
      if (loads.num_gpus)
        loads.measured.back().push_back(
            gpu_sums({row, row + static_cast<long>(slots)}, *loads.num_gpus));
      window.emplace_back(static_cast<Index>(loads.experts), 0.0);
      fold_physical({row, row + static_cast<long>(slots)}, dump.map[l], window.back(), source_);
    }
    pass.sum = {};
  }
  return partial;
}

/// Tokens by the rank that recorded them, which is the one that sends them: the recorder counts the
/// replicas chosen for a rank's own tokens. In low-latency mode it counts what a rank receives
/// instead, so that all its counts lie in its own slots; then nothing is known of the sources.
void SglangPasses::take_sources(LoadSet& loads) const {
  const Index layers = dumps_.front().map.size(), slots = dumps_.front().map[0].size();
  const Index ranks = dumps_.front().ranks.size();
  if (!loads.num_gpus || *dumps_.front().ranks.rbegin() + 1 != *loads.num_gpus) return;
  bool elsewhere = false;
  SourceLoads sources(layers, LayerLoads(ranks, Counts(static_cast<Index>(loads.experts), 0.0)));
  for (const Dump& dump : dumps_)
    for (const auto& [rank, counts] : dump.of_rank)
      for (Index i = 0; i < counts.size(); ++i) {
        if (counts[i] == 0) continue;
        const int expert = dump.map[i / slots][i % slots];
        elsewhere |= i % slots / (slots / ranks) != static_cast<Index>(rank);
        if (expert >= 0)
          sources[i / slots][static_cast<Index>(rank)][static_cast<Index>(expert)] += counts[i];
      }
  if (elsewhere) loads.by_source = std::move(sources);
}

LoadSet SglangPasses::take() {
  LoadSet loads;
  loads.source = source_;
  loads.format = per_token_ ? "SGLang recorder (per_token)" : "SGLang recorder (per_pass)";
  loads.engine = "sglang";
  check_dumps();
  for (const Dump& dump : dumps_) loads.experts = std::max(loads.experts, experts_of(dump.map));
  const auto& ranks = dumps_.front().ranks;
  if (ranks.size() > 1 && dumps_.front().map[0].size() % ranks.size() == 0)
    loads.num_gpus = static_cast<int>(ranks.size());
  LoadBudget budget(source_);
  int partial = 0;
  for (Dump& dump : dumps_) partial += take_windows(dump, loads, budget);
  if (loads.windows.empty()) throw Error(source_, "records", "are empty: nothing was recorded");
  take_sources(loads);
  loads.running_map = std::move(dumps_.back().map);
  loads.notes.emplace_back(
      "the dump has only the last placement: if the server rebalanced while it recorded, earlier "
      "passes are counted for the wrong experts");
  if (dumps_.size() > 1)
    loads.notes.push_back(fmt::format(
        "{} dumps of one server follow one another, each counted with its own placement",
        dumps_.size()));
  if (partial > 0)
    loads.notes.push_back(fmt::format("{} of {} passes lack the counts of some ranks", partial,
                                      loads.windows.size()));
  if (ranks.size() == 1)
    loads.notes.push_back(fmt::format(
        "only rank {} is here; each rank writes its own share, so open the folder with all files",
        *ranks.begin()));
  return loads;
}

}  // namespace moescope::load_formats
