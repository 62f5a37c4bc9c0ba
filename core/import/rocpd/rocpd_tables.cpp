#include "core/import/rocpd/rocpd_tables.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "core/import/json_number.h"

namespace moescope::rocpd {
namespace {

using foreign::Rows;
using nlohmann::json;

constexpr std::string_view kKernels = "rocpd_kernel_dispatch", kRegions = "rocpd_region";

json object_of(std::string_view text) {
  auto parsed = json::parse(text, nullptr, false);
  return parsed.is_object() ? parsed : json::object();
}

std::optional<int> small(std::optional<std::int64_t> value, std::int64_t most) {
  return value && *value >= 0 && *value <= most ? std::optional(static_cast<int>(*value))
                                                : std::nullopt;
}

void read_rank(const json& environment, ProcessRow& process) {
  for (const char* key : {"RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (!process.rank) process.rank = small(whole_number_in(environment, key), 10'000'000);
  for (const char* key : {"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"})
    if (process.world_size == 0)
      process.world_size = small(whole_number_in(environment, key), 10'000'000).value_or(0);
}

template <typename Map>
const typename Map::mapped_type* found(const Map& map, std::int64_t id) {
  const auto it = map.find(id);
  return it == map.end() ? nullptr : &it->second;
}

}  // namespace

std::vector<std::string> suffixes(const foreign::Database& database) {
  std::set<std::string> names;
  for (const auto& table : database.table_names())
    for (const auto prefix : {kKernels, kRegions})
      if (table.starts_with(prefix)) names.insert(table.substr(prefix.size()));
  return {names.begin(), names.end()};
}

Tables::Tables(const foreign::Database& database, std::string suffix)
    : database_(database), suffix_(std::move(suffix)) {
  read_strings();
  read_processes();
  read_agents();
  read_streams();
  read_kernels();
  read_events();
  read_tracks();
  read_times();
}

const foreign::TableShape* Tables::table(const std::string& name) const {
  const auto* shape = database_.table(name + suffix_);
  return shape != nullptr && shape->name == name + suffix_ ? shape : nullptr;
}

void Tables::read_strings() {
  const auto* shape = table("rocpd_string");
  if (shape == nullptr) return;
  Rows rows = database_.rows(*shape);
  const int id = rows.column("id"), text = rows.column("string");
  while (rows.next())
    if (const auto number = rows.integer(id)) strings_.emplace(*number, rows.text(text));
}

void Tables::read_processes() {
  std::map<std::int64_t, std::string> hosts;
  if (const auto* shape = table("rocpd_info_node")) {
    Rows rows = database_.rows(*shape);
    const int id = rows.column("id"), host = rows.column("hostname");
    while (rows.next()) hosts[rows.integer_or(id, 0)] = rows.text(host);
  }
  const auto* shape = table("rocpd_info_process");
  if (shape == nullptr) return;
  Rows rows = database_.rows(*shape);
  const int id = rows.column("id"), pid = rows.column("pid"), node = rows.column("nid");
  const int command = rows.column("command"), environment = rows.column("environment");
  while (rows.next()) {
    ProcessRow process;
    process.id = rows.integer_or(id, 0);
    process.pid = rows.integer_or(pid, 0);
    process.command = rows.text(command);
    process.host = hosts[rows.integer_or(node, 0)];
    read_rank(object_of(rows.text(environment)), process);
    processes_.push_back(std::move(process));
  }
}

void Tables::read_agents() {
  const auto* shape = table("rocpd_info_agent");
  if (shape == nullptr) return;
  Rows rows = database_.rows(*shape);
  const int id = rows.column("id"), type = rows.column("type"), index = rows.column("type_index");
  const int extra = rows.column("extdata");
  const std::array names = {rows.column("product_name"), rows.column("model_name"),
                            rows.column("name")};
  while (rows.next()) {
    if (rows.text(type) != "GPU") continue;
    GpuRow gpu;
    gpu.index = small(rows.integer(index), 0xFFFF).value_or(static_cast<int>(gpus_.size()));
    gpu.facts.index = gpu.index;
    for (const int name : names)
      if (gpu.facts.name.empty()) gpu.facts.name = rows.text(name);
    const json facts = object_of(rows.text(extra));
    gpu.facts.sm_count = small(whole_number_in(facts, "cu_count"), kMaxSmCount).value_or(0);
    gpus_.emplace(rows.integer_or(id, 0), std::move(gpu));
  }
}

void Tables::read_streams() {
  const auto* shape = table("rocpd_info_stream");
  if (shape == nullptr) return;
  Rows rows = database_.rows(*shape);
  const int id = rows.column("id"), name = rows.column("name");
  while (rows.next()) streams_[rows.integer_or(id, 0)] = rows.text(name);
}

void Tables::read_kernels() {
  const auto* shape = table("rocpd_info_kernel_symbol");
  if (shape == nullptr) return;
  Rows rows = database_.rows(*shape);
  const int id = rows.column("id"), shown = rows.column("display_name");
  const int name = rows.column("kernel_name"), registers = rows.column("arch_vgpr_count");
  while (rows.next()) {
    KernelSymbol kernel;
    kernel.name = rows.text(shown);
    if (kernel.name.empty()) kernel.name = rows.text(name);
    kernel.vector_registers =
        static_cast<std::uint32_t>(small(rows.integer(registers), 0xFFFF).value_or(0));
    kernels_.emplace(rows.integer_or(id, 0), std::move(kernel));
  }
}

void Tables::read_events() {
  const auto* shape = table("rocpd_event");
  if (shape == nullptr) return;
  Rows rows = database_.rows(*shape);
  const int id = rows.column("id"), stack = rows.column("stack_id");
  const int category = rows.column("category_id"), extra = rows.column("extdata");
  while (rows.next()) {
    EventRow event{rows.integer_or(stack, 0), rows.integer_or(category, 0), {}};
    if (const auto text = rows.text(extra); text.size() > 2) {
      const json facts = object_of(text);
      if (const auto it = facts.find("message"); it != facts.end() && it->is_string())
        event.message = it->get<std::string>();
    }
    events_.emplace(rows.integer_or(id, 0), std::move(event));
  }
}

void Tables::read_tracks() {
  const auto* shape = table("rocpd_track");
  if (shape == nullptr) return;
  Rows rows = database_.rows(*shape);
  const int id = rows.column("id"), process = rows.column("pid"), thread = rows.column("tid");
  const int agent = rows.column("agent_id"), queue = rows.column("queue_id");
  const int stream = rows.column("stream_id");
  while (rows.next())
    tracks_[rows.integer_or(id, 0)] = {rows.integer_or(process, 0), rows.integer_or(thread, 0),
                                       rows.integer(agent), rows.integer(queue),
                                       rows.integer(stream)};
}

void Tables::read_times() {
  const auto* shape = table("rocpd_timestamp");
  if (shape == nullptr) return;
  Rows rows = database_.rows(*shape);
  const int id = rows.column("id"), value = rows.column("value");
  while (rows.next())
    if (const auto time = rows.integer(value)) times_.emplace(rows.integer_or(id, 0), *time);
}

const std::string& Tables::text(std::int64_t id) const {
  static const std::string none;
  const auto* string = found(strings_, id);
  return string == nullptr ? none : *string;
}

const GpuRow* Tables::gpu(std::optional<std::int64_t> agent) const {
  return agent ? found(gpus_, *agent) : nullptr;
}

std::string Tables::stream_name(std::int64_t id) const {
  const auto* name = found(streams_, id);
  return name == nullptr || name->empty() ? fmt::format("stream {}", id) : *name;
}

const KernelSymbol* Tables::kernel(std::int64_t id) const {
  return found(kernels_, id);
}

const EventRow* Tables::event(std::int64_t id) const {
  return found(events_, id);
}

const Place* Tables::track(std::int64_t id) const {
  return found(tracks_, id);
}

std::optional<std::int64_t> Tables::time(std::int64_t id) const {
  const auto* value = found(times_, id);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

}  // namespace moescope::rocpd
