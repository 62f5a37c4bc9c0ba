#include "core/import/nsys/nsys_target.h"

#include <fmt/format.h>

#include <charconv>
#include <regex>

namespace moescope::nsys {
namespace {

constexpr int kKnownMajor = 3, kKnownMinor = 25;
constexpr int kMaxRank = 1 << 24;

std::optional<int> small_number(std::string_view text, int limit) {
  while (!text.empty() && (text.front() == '"' || text.front() == ' ')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '"' || text.back() == ' ')) text.remove_suffix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value >= limit)
    return {};
  return value;
}

/// Environment of the recorded program: META_DATA_CAPTURE rows `NAME="value"`.
std::map<std::string, std::string> environment(const Database& database) {
  std::map<std::string, std::string> result;
  const TableShape* table = database.table("META_DATA_CAPTURE");
  if (table == nullptr) return result;
  Rows rows = database.rows(*table);
  const int name = rows.column("name"), value = rows.column("value");
  while (rows.next()) {
    if (rows.text(name).find("ENVIRONMENT_VARIABLE") == std::string_view::npos) continue;
    const std::string_view text = rows.text(value);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    result.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return result;
}

std::optional<int> from_environment(const std::map<std::string, std::string>& variables,
                                    std::initializer_list<const char*> names, int limit) {
  for (const char* name : names)
    if (const auto it = variables.find(name); it != variables.end())
      if (const auto value = small_number(it->second, limit)) return value;
  return {};
}

/// "rank3", "rank_3", "rank-3" inside a name.
std::optional<int> rank_in_name(const std::string& name) {
  static const std::regex pattern("rank[ _.-]?([0-9]{1,7})", std::regex::icase);
  std::smatch match;
  if (name.size() > 4096 || !std::regex_search(name, match, pattern)) return {};
  return small_number(match[1].str(), kMaxRank);
}

std::map<ProcessKey, std::string> process_names(const Database& database) {
  std::map<ProcessKey, std::string> names;
  const TableShape* table = database.table("PROCESSES");
  if (table == nullptr) return names;
  Rows rows = database.rows(*table);
  const int global = rows.column("globalPid"), name = rows.column("name");
  while (rows.next())
    if (const auto id = rows.integer(global)) names[process_key(*id)] = rows.text(name);
  return names;
}

int to_int(std::int64_t value) {
  return value >= 0 && value <= 0x7FFFFFFF ? static_cast<int>(value) : 0;
}

/// First column of `names` that holds an integer, else 0.
std::int64_t first_of(const Rows& rows, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto value = rows.integer(rows.column(name))) return *value;
  return 0;
}

std::vector<Gpu> read_gpus(const Database& database) {
  std::vector<Gpu> gpus;
  const TableShape* table = database.table("TARGET_INFO_GPU");
  if (table == nullptr) return gpus;
  Rows rows = database.rows(*table);
  while (rows.next()) {
    Gpu gpu;
    gpu.id = first_of(rows, {"id", "cuDevice"});
    Device& facts = gpu.facts;
    facts.name = rows.text(rows.column("name"));
    facts.uuid = rows.text(rows.column("uuid"));
    facts.sm_count = to_int(first_of(rows, {"smCount"}));
    facts.compute_major = to_int(first_of(rows, {"computeMajor", "smMajor"}));
    facts.compute_minor = to_int(first_of(rows, {"computeMinor", "smMinor"}));
    const int warps = to_int(first_of(rows, {"maxWarpsPerSm"}));
    const int lanes = to_int(first_of(rows, {"threadsPerWarp"}));
    if (warps <= 1024 && lanes <= 1024) facts.max_threads_per_sm = warps * lanes;
    facts.max_blocks_per_sm = to_int(first_of(rows, {"maxBlocksPerSm"}));
    facts.registers_per_sm = to_int(first_of(rows, {"maxRegistersPerSm"}));
    facts.shared_memory_per_sm = to_int(first_of(rows, {"maxShmemPerSm"}));
    facts.shared_memory_per_block_max =
        to_int(first_of(rows, {"maxShmemPerBlockOptin", "maxShmemPerBlock"}));
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

/// TARGET_INFO_CUDA_DEVICE: what CUDA calls device `cuda_id` in process `pid`.
struct CudaDevice {
  std::int64_t gpu = 0;
  std::string uuid;
  int multiprocessors = 0;
};
using CudaDevices = std::map<std::pair<std::int64_t, std::int64_t>, CudaDevice>;

CudaDevices read_cuda_devices(const Database& database) {
  CudaDevices devices;
  const TableShape* table = database.table("TARGET_INFO_CUDA_DEVICE");
  if (table == nullptr) return devices;
  Rows rows = database.rows(*table);
  const int uuid = rows.column("uuid");
  while (rows.next()) {
    CudaDevice device;
    device.gpu = first_of(rows, {"gpuId"});
    if (!rows.is_null(uuid)) device.uuid = rows.text(uuid);
    device.multiprocessors = to_int(first_of(rows, {"numMultiprocessors"}));
    devices[{first_of(rows, {"pid"}), first_of(rows, {"cudaId"})}] = std::move(device);
  }
  return devices;
}

/// SMs of green contexts by (pid, context id).
using GreenContexts = std::map<std::pair<std::int64_t, std::int64_t>, int>;

GreenContexts read_green_contexts(const Database& database) {
  GreenContexts contexts;
  const TableShape* table = database.table("TARGET_INFO_CUDA_CONTEXT_INFO");
  if (table == nullptr) return contexts;
  Rows rows = database.rows(*table);
  while (rows.next()) {
    const int sms = to_int(first_of(rows, {"numMultiprocessors"}));
    if (first_of(rows, {"isGreenContext"}) == 0 || sms == 0) continue;
    contexts[{first_of(rows, {"processId", "pid"}), first_of(rows, {"contextId"})}] = sms;
  }
  return contexts;
}

/// SMs that the green contexts hold together when every kernel of the device ran in one; else
/// nullopt: some kernels could use the whole device.
std::optional<int> green_sm_count(const Survey& survey, const GreenContexts& green,
                                  ProcessKey process, std::int64_t device) {
  std::int64_t total = 0;
  for (const auto& used : survey.contexts) {
    if (used.process != process || used.device != device) continue;
    const auto it = green.find({pid_of(process), used.context});
    if (it == green.end()) return {};
    total += it->second;
  }
  return total > 0 ? std::optional(to_int(total)) : std::nullopt;
}

DeviceUse describe_device(const std::vector<Gpu>& gpus, const CudaDevices& cuda, ProcessKey process,
                          std::int64_t index) {
  DeviceUse use;
  auto it = cuda.find({pid_of(process), index});
  const std::int64_t gpu_id = it != cuda.end() ? it->second.gpu : index;
  if (it != cuda.end() || cuda.empty()) {
    for (const auto& gpu : gpus) {
      if (gpu.id != gpu_id) continue;
      use.device = gpu.facts;
      use.gpu = gpu.id;
    }
  }
  if (it != cuda.end()) {
    if (!it->second.uuid.empty()) use.device.uuid = it->second.uuid;
    if (it->second.multiprocessors > 0) use.device.sm_count = it->second.multiprocessors;
    use.gpu = gpu_id;
  }
  use.device.index = static_cast<int>(index);
  return use;
}

}  // namespace

std::vector<Process> read_processes(const Database& database, const std::vector<ProcessKey>& keys,
                                    const std::string& file_name) {
  const auto names = process_names(database);
  const auto variables = environment(database);
  std::vector<Process> processes;
  for (const ProcessKey key : keys) {
    Process process;
    if (key != 0) process.pid = std::to_string(pid_of(key));
    if (const auto it = names.find(key); it != names.end()) process.name = it->second;
    process.rank = rank_in_name(process.name);
    if (keys.size() == 1) {
      const auto rank = from_environment(
          variables, {"RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"},
          kMaxRank);
      process.rank = rank ? rank : process.rank ? process.rank : rank_in_name(file_name);
    }
    process.world_size =
        from_environment(
            variables, {"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"}, kMaxRank)
            .value_or(0);
    if (process.rank)
      process.label = fmt::format("rank {}", *process.rank);
    else
      process.label = process.pid.empty() ? "process" : "pid " + process.pid;
    if (!process.rank && !process.name.empty()) process.label += " " + process.name;
    processes.push_back(std::move(process));
  }
  return processes;
}

std::map<std::pair<ProcessKey, std::int64_t>, std::string> read_thread_names(
    const Database& database, const Strings& strings) {
  std::map<std::pair<ProcessKey, std::int64_t>, std::string> names;
  const TableShape* table = database.table("ThreadNames");
  if (table == nullptr) return names;
  Rows rows = database.rows(*table);
  const int name = rows.column("nameId"), global = rows.column("globalTid");
  while (rows.next()) {
    const auto id = rows.integer(global);
    const auto* text = strings.text(rows.integer_or(name, -1));
    if (id && text != nullptr) names[{process_key(*id), *id & 0xFFFFFF}] = *text;
  }
  return names;
}

std::vector<DeviceUse> read_devices(const Database& database, const Survey& survey,
                                    const std::map<ProcessKey, ProcessId>& processes,
                                    std::vector<std::string>& warnings) {
  const auto gpus = read_gpus(database);
  const auto cuda = read_cuda_devices(database);
  const auto green = read_green_contexts(database);
  std::set<std::pair<ProcessKey, std::int64_t>> used;
  for (const auto& lane : survey.lanes)
    if (lane.device >= 0) used.insert({lane.process, lane.device});
  std::vector<DeviceUse> devices;
  for (const auto& [process, index] : used) {
    DeviceUse use = describe_device(gpus, cuda, process, index);
    use.device.process = processes.at(process);
    const auto cut = green_sm_count(survey, green, process, index);
    const int whole = use.device.sm_count;
    if (cut && (whole == 0 || *cut < whole)) {
      use.device.sm_count = *cut;
      warnings.push_back(fmt::format(
          "GPU {} of pid {}: all kernels ran in green contexts with {} SMs together{}", index,
          pid_of(process), *cut, whole > 0 ? fmt::format(" (of {})", whole) : ""));
    }
    devices.push_back(std::move(use));
  }
  return devices;
}

void read_metadata(const Database& database, TraceInfo& info) {
  info.format = "nsys";
  const TableShape* table = database.table("META_DATA_EXPORT");
  if (table == nullptr) return;
  std::map<std::string, std::string> values;
  Rows rows = database.rows(*table);
  const int name = rows.column("name"), value = rows.column("value");
  while (rows.next()) values.emplace(rows.text(name), rows.text(value));
  const auto get = [&](const char* key) {
    const auto it = values.find(key);
    return it == values.end() ? std::string() : it->second;
  };
  info.producer = get("EXPORT_PRODUCT_NAME");
  if (const auto version = get("EXPORT_PRODUCT_VERSION"); !version.empty())
    info.producer += (info.producer.empty() ? "Nsight Systems " : " ") + version;
  const std::string schema = get("EXPORT_SCHEMA_VERSION");
  if (!schema.empty()) info.extra["nsys schema"] = schema;
  const std::size_t dot = schema.find('.');
  const std::string_view text(schema);
  auto major = small_number(get("EXPORT_SCHEMA_VERSION_MAJOR"), 1 << 20);
  auto minor = small_number(get("EXPORT_SCHEMA_VERSION_MINOR"), 1 << 20);
  if (!major) major = small_number(text.substr(0, dot), 1 << 20);
  if (!minor && dot != std::string::npos) {
    const auto rest = text.substr(dot + 1);
    minor = small_number(rest.substr(0, rest.find('.')), 1 << 20);
  }
  if (major && (*major > kKnownMajor || (*major == kKnownMajor && minor.value_or(0) > kKnownMinor)))
    info.warnings.push_back(
        fmt::format("the export has schema {}, newer than {}.{} which this program knows: tables "
                    "or columns that were renamed are missing here",
                    schema.empty() ? std::to_string(*major) : schema, kKnownMajor, kKnownMinor));
}

std::optional<std::int64_t> session_epoch(const Database& database) {
  const TableShape* table = database.table("TARGET_INFO_SESSION_START_TIME");
  if (table == nullptr) return {};
  Rows rows = database.rows(*table);
  return rows.next() ? rows.integer(rows.column("utcEpochNs")) : std::nullopt;
}

}  // namespace moescope::nsys
