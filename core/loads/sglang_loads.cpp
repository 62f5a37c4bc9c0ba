// SGLang's expert distribution recorder: stat, stat_approx, per_pass and per_token dumps.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "core/loads/formats.h"
#include "core/loads/torch_file.h"

namespace moescope::load_formats {
namespace {

using Index = std::size_t;
using Kind = PickleValue::Kind;
using Map = std::vector<std::vector<int>>;

/// The three sizes of a tensor that may lack the first dimension.
struct Shape {
  Index windows, layers, width;
};

Shape shape_of(const PickleValue& tensor, const std::string& source, const char* what) {
  const auto& s = tensor.shape;
  if (tensor.kind != Kind::Tensor || (s.size() != 2 && s.size() != 3))
    throw Error(source, what, "is no tensor of [layers][experts] or [steps][layers][experts]");
  const Shape shape{s.size() == 3 ? static_cast<Index>(s[0]) : 1,
                    static_cast<Index>(s[s.size() - 2]), static_cast<Index>(s.back())};
  if (shape.layers > kMaxPlanLayers || shape.width > kMaxPlanSlots)
    throw Error(source, what, "has more layers or experts than any model");
  return shape;
}

LoadSet read_stat(TorchFile& file, const PickleValue& counts, const std::string& source) {
  LoadSet loads;
  loads.source = source;
  loads.format = "SGLang recorder (stat)";
  const auto shape = shape_of(counts, source, "logical_count");
  const auto values = file.values(counts, kMaxLoadValues);
  loads.experts = static_cast<int>(shape.width);
  bool full = shape.windows > 1;
  for (Index w = 0; w < shape.windows; ++w) {
    auto& window = loads.windows.emplace_back();
    bool used = false;
    for (Index l = 0; l < shape.layers; ++l) {
      const auto begin = values.begin() + static_cast<long>((w * shape.layers + l) * shape.width);
      window.emplace_back(begin, begin + static_cast<long>(shape.width));
      used |=
          std::any_of(window.back().begin(), window.back().end(), [](double v) { return v > 0; });
    }
    full &= used;
  }
  if (full) {
    loads.ordered_in_time = false;
    loads.notes.emplace_back(
        "the recorder's circular buffer is full and is dumped without rotating it: the order of "
        "the "
        "windows is not the order in time");
  }
  return loads;
}

/// Physical counts of passes, summed over the ranks that have a file.
class PassReader {
 public:
  explicit PassReader(std::string source) : source_(std::move(source)) {}

  void add(TorchFile& file, const PickleValue& root, const std::string& path) {
    const auto& pickle = file.pickle();
    const auto* map = pickle.find(root, "last_physical_to_logical_map");
    if (map == nullptr) throw Error(path, "last_physical_to_logical_map", "is missing");
    read_map(file, *map, path);
    const auto* records = pickle.find(root, "records");
    if (records == nullptr || records->kind != Kind::List)
      throw Error(path, "records", "is no list");
    std::set<std::int64_t> seen;
    for (const auto index : records->items) {
      const auto& record = pickle.value(index);
      const auto* pass = pickle.find(record, "forward_pass_id");
      const auto* counts = pickle.find(record, "global_physical_count");
      const auto* rank = pickle.find(record, "rank");
      if (pass == nullptr || pass->kind != Kind::Int || counts == nullptr)
        throw Error(path, "records",
                    "has a record without forward_pass_id and global_physical_count");
      if (rank != nullptr && rank->kind == Kind::Int) ranks_.insert(rank->integer);
      per_token_ |= pickle.find(record, "topk_ids_of_layer") != nullptr;
      add_counts(file, pass->integer, *counts, path);
    }
  }

  LoadSet take() {
    LoadSet loads;
    loads.source = source_;
    loads.format = per_token_ ? "SGLang recorder (per_token)" : "SGLang recorder (per_pass)";
    if (passes_.empty()) throw Error(source_, "records", "are empty: nothing was recorded");
    for (const auto& row : map_)
      for (const int e : row) loads.experts = std::max(loads.experts, e + 1);
    for (const auto& [pass, counts] : passes_) {
      auto& window = loads.windows.emplace_back();
      for (Index l = 0; l < counts.size(); ++l) {
        window.emplace_back(static_cast<Index>(loads.experts), 0.0);
        fold_physical(counts[l], map_[l], window.back(), source_);
      }
    }
    loads.running_map = map_;
    loads.notes.emplace_back(
        "the dump has only the last placement: if the server rebalanced while it recorded, earlier "
        "passes are counted for the wrong experts");
    if (ranks_.size() == 1)
      loads.notes.push_back(fmt::format(
          "only rank {} is here; each rank writes its own share, so open the folder with all files",
          *ranks_.begin()));
    else
      loads.num_gpus = static_cast<int>(ranks_.size());
    return loads;
  }

 private:
  void read_map(TorchFile& file, const PickleValue& tensor, const std::string& path) {
    const auto shape = shape_of(tensor, path, "last_physical_to_logical_map");
    if (shape.windows != 1)
      throw Error(path, "last_physical_to_logical_map", "has three dimensions");
    const auto values = file.values(tensor, kMaxLoadValues);
    Map map(shape.layers, std::vector<int>(shape.width));
    for (Index i = 0; i < values.size(); ++i) {
      if (!(values[i] >= 0 && values[i] < kMaxPlanExperts))
        throw Error(path, "last_physical_to_logical_map",
                    fmt::format("names expert {}", values[i]));
      map[i / shape.width][i % shape.width] = static_cast<int>(values[i]);
    }
    if (!map_.empty() && map != map_)
      throw Error(path, "last_physical_to_logical_map", "differs from that of another rank",
                  "Put only the files of one dump into the folder");
    map_ = std::move(map);
  }
  void add_counts(TorchFile& file, std::int64_t pass, const PickleValue& tensor,
                  const std::string& path) {
    const auto shape = shape_of(tensor, path, "global_physical_count");
    if (shape.windows != 1 || shape.layers != map_.size() || shape.width != map_[0].size())
      throw Error(path, fmt::format("pass {}", pass), "has counts of another shape than the map");
    const auto values = file.values(tensor, kMaxLoadValues);
    if ((kept_ += values.size()) > kMaxLoadValues)
      throw Error(path, "", "has more counts than can be kept");
    auto& sum = passes_[pass];
    sum.resize(shape.layers, std::vector<double>(shape.width, 0.0));
    for (Index i = 0; i < values.size(); ++i) sum[i / shape.width][i % shape.width] += values[i];
  }

  std::string source_;
  Map map_;
  std::map<std::int64_t, LayerLoads> passes_;
  std::set<std::int64_t> ranks_;
  std::size_t kept_ = 0;
  bool per_token_ = false;
};

}  // namespace

LoadSet read_sglang_pt(const std::filesystem::path& path, Progress& progress) {
  std::vector<std::filesystem::path> files = {path};
  if (std::filesystem::is_directory(path)) {
    files.clear();
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (entry.path().extension() == ".pt") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
  }
  return read_sglang_pt(files, path.string(), progress);
}

LoadSet read_sglang_pt(const std::vector<std::filesystem::path>& files, const std::string& source,
                       Progress& progress) {
  PassReader passes(source);
  for (Index i = 0; i < files.size(); ++i) {
    progress.report(static_cast<double>(i) / static_cast<double>(files.size()), "reading dumps");
    TorchFile file(files[i]);
    const auto& root = file.pickle().root();
    if (const auto* counts = file.pickle().find(root, "logical_count")) {
      if (files.size() > 1)
        throw Error(files[i].string(), "", "is a dump of mode stat, which one file holds entirely",
                    "Open this file alone");
      auto loads = read_stat(file, *counts, source);
      drop_dense_layers(loads);
      finish_loads(loads);
      return loads;
    }
    if (file.pickle().find(root, "records") == nullptr)
      throw Error(files[i].string(), "", "has neither logical_count nor records",
                  "Expected a dump of SGLang's expert distribution recorder");
    passes.add(file, root, files[i].string());
  }
  auto loads = passes.take();
  const auto before = loads.layers();
  drop_dense_layers(loads);
  if (loads.layers() != before) {
    Map kept;
    for (const int l : loads.layer_ids) kept.push_back((*loads.running_map)[static_cast<Index>(l)]);
    loads.running_map = std::move(kept);
  }
  finish_loads(loads);
  return loads;
}

}  // namespace moescope::load_formats
