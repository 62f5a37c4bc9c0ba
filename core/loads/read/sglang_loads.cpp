// torch archives of loads: dumps of SGLang's expert distribution recorder, and bare tensors.
#include "core/loads/read/sglang_loads.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "core/loads/files/load_file.h"
#include "core/loads/read/array_loads.h"
#include "core/loads/read/formats.h"
#include "core/loads/read/torch_counts.h"

namespace moescope::load_formats {
namespace {

using Index = std::size_t;

/// The time in expert_distribution_recorder_<time>_<rank>.pt; 0 in other names.
double time_of(const std::filesystem::path& path) {
  const auto name = path.filename().string();
  constexpr std::string_view kPrefix = "expert_distribution_recorder_";
  double time = 0;
  if (name.starts_with(kPrefix))
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), time);
  return time;
}

/// vllm-ascend's workload of experts, or any tensor of counts or routes.
LoadSet read_bare_tensor(TorchFile& file, const std::string& source, const LoadReading& reading) {
  const auto& root = file.pickle().root();
  count_shape(file, root, source, "tensor");
  const auto& tensor = file.pickle().tensor(root);
  NumberArray array{source, "torch tensor", {}, NumberArray::Type::Other, {}};
  for (const auto n : tensor.shape) array.shape.push_back(static_cast<Index>(n));
  for (const char* narrow : {"ByteStorage", "CharStorage", "ShortStorage", "uint16"})
    if (tensor.type == narrow) array.type = NumberArray::Type::Narrow;
  if (tensor.type == "IntStorage") array.type = NumberArray::Type::Int32;
  array.rows = [&](const auto& use) {
    bool wanted = true;
    file.read_rows(root, kMaxLoadValues, [&](std::size_t row, std::span<const double> values) {
      wanted = wanted && use(row, values);
    });
  };
  return read_array(array, reading);
}

/// A file that is not one of several ranks; nothing for one that is.
std::optional<LoadSet> read_whole(TorchFile& file, const std::string& source, bool alone,
                                  const LoadReading& reading) {
  const auto& pickle = file.pickle();
  const auto& root = pickle.root();
  const auto* counts = pickle.find(root, "logical_count");
  const bool bare = root.kind == PickleValue::Kind::Tensor;
  if ((counts != nullptr || bare) && !alone)
    throw Error(source, "",
                bare ? "is a bare tensor, which one file holds entirely"
                     : "is a dump of mode stat, which one file holds entirely",
                "Open this file alone");
  if (bare) return read_bare_tensor(file, source, reading);
  if (counts != nullptr) {
    auto loads = read_sglang_stat(file, *counts, source, reading.in_order);
    drop_dense_layers(loads);
    finish_loads(loads);
    return loads;
  }
  if (pickle.find(root, "physical_to_logical_map") != nullptr)
    throw Error(source, "", "is a placement, not loads", "Import it as a plan",
                "moescope plan import --engine sglang");
  if (pickle.find(root, "records") == nullptr)
    throw Error(source, "", "has neither logical_count nor records",
                "Expected a dump of SGLang's expert distribution recorder, or a bare tensor");
  return std::nullopt;
}

}  // namespace

std::vector<std::filesystem::path> recorder_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".pt") files.push_back(entry.path());
  return files;
}

bool is_rank_file(const std::filesystem::path& path) {
  try {
    if (std::filesystem::is_directory(path) || load_file_head(path, 4) != "PK\x03\x04")
      return false;
    const TorchFile file(path);
    return file.pickle().find(file.pickle().root(), "records") != nullptr;
  } catch (const Error&) {
    return false;
  }
}

LoadSet read_sglang_pt(const std::filesystem::path& path, Progress& progress,
                       const LoadReading& reading) {
  return std::filesystem::is_directory(path)
             ? read_sglang_pt(recorder_files(path), path.string(), progress, reading)
             : read_sglang_pt(std::vector{path}, path.string(), progress, reading);
}

LoadSet read_sglang_pt(std::vector<std::filesystem::path> files, const std::string& source,
                       Progress& progress, const LoadReading& reading) {
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return std::pair(time_of(a), a) < std::pair(time_of(b), b);
  });
  SglangPasses passes(source);
  for (Index i = 0; i < files.size(); ++i) {
    progress.report(static_cast<double>(i) / static_cast<double>(files.size()), "reading dumps");
    TorchFile file(files[i]);
    if (auto loads = read_whole(file, files[i].string(), files.size() == 1, reading)) {
      loads->source = source;
      return std::move(*loads);
    }
    passes.add(file, files[i]);
  }
  auto loads = passes.take();
  drop_dense_layers(loads);
  finish_loads(loads);
  return loads;
}

}  // namespace moescope::load_formats
