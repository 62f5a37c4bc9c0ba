#include "gpu/engine/device/device_unit.h"

#include <algorithm>
#include <mutex>

#include "core/error.h"
#include "gpu/compute/local_forward.h"

namespace moescope::runtime {
namespace {

[[noreturn]] void refuse(const char* option, const char* what) {
  throw Error("layout", option, what, "use --backend cpu");
}

}  // namespace

void check_device_unit(const UnitOptions& options, bool several_processes) {
  if (several_processes) refuse("mpirun", "the ranks of a device are in one process");
  if (options.tp > 1) refuse("--tp", "kernels have no tensor parallelism yet");
  if (options.route_shared) refuse("--route-shared", "kernels do not route the shared expert yet");
  if (options.active_slots > 0) refuse("--active-slots", "kernels do not solve active slots yet");
}

std::unique_ptr<Unit> make_device_unit(const UnitParts& parts, Device& device) {
  static std::mutex mutex;
  static std::map<std::pair<Device*, const Model*>, std::weak_ptr<const DeviceModel>> models;
  std::shared_ptr<const DeviceModel> model;
  {
    const std::lock_guard lock(mutex);
    auto& known = models[{&device, parts.model.get()}];
    model = known.lock();
    if (!model) known = model = std::make_shared<DeviceModel>(device, parts.model);
  }
  return std::make_unique<DeviceUnit>(parts, device, std::move(model));
}

DeviceUnit::DeviceUnit(const UnitParts& parts, Device& device,
                       std::shared_ptr<const DeviceModel> model)
    : shared_{device,
              std::move(model),
              parts.options,
              parts.group,
              Launcher(device, parts.group.first, parts.logs),
              device.memory(),
              nullptr,
              nullptr,
              0,
              parts.placement.layers() * parts.placement.slots_per_rank() +
                  parts.options.spare_places},
      space_(parts.space),
      epoch_(parts.options.epoch) {
  check_unit(parts);
  check_device_unit(parts.options, parts.space.processes() != nullptr);
  shared_.options.overlap = false;
  put_rope();
  for (int index = 0; index < shared_.group.size; ++index) members_.emplace_back(shared_, index);
  add_windows();
  SlotTable first = SlotTable::first(parts.placement);
  first.epoch = epoch_;
  fill_places(first);
  tables_[(epoch_ + 1) % 2] =
      std::make_unique<DeviceTable>(device, config(), first, *expert_places_);
  tables_[epoch_ % 2] =
      std::make_unique<DeviceTable>(device, config(), std::move(first), *expert_places_);
  make_exchanges();
  set_budget(parts.options.budget);
}

void DeviceUnit::put_rope() {
  const RopeTable rope(config().rope, rope_dim(config()), shared_.options.max_positions);
  const std::size_t floats = flat(rope.positions(), rope.half());
  float* cos = shared_.memory->array<float>(floats);
  float* sin = shared_.memory->array<float>(floats);
  shared_.memory->upload(cos, rope.cos(0), floats * sizeof(float));
  shared_.memory->upload(sin, rope.sin(0), floats * sizeof(float));
  shared_.cos = cos;
  shared_.sin = sin;
  shared_.rope_half = rope.half();
}

/// The address space knows where the caches of all units are: places of pages lead there.
void DeviceUnit::add_windows() {
  std::vector<std::span<std::byte>> memory(static_cast<std::size_t>(space_.ranks()));
  const std::size_t bytes = KvCache::bytes(config(), shared_.options.kv_pages);
  for (const DeviceMember& one : members_)
    memory[static_cast<std::size_t>(one.rank())] = {reinterpret_cast<std::byte*>(one.cache()),
                                                    bytes};
  kv_window_ = space_.add_window(std::move(memory));
}

void DeviceUnit::make_exchanges() {
  const UnitOptions& o = shared_.options;
  exchange_slots_ = device_table().slots_per_rank();
  exchange_memory_ = shared_.device.memory();
  ExchangeWire wire;
  wire.group = shared_.group;
  wire.shape = {config().hidden, config().top_k, o.max_tokens, exchange_slots_};
  wire.dispatch = o.kind == UnitKind::Prefill ? DispatchMode::PerNode : DispatchMode::Direct;
  wire.combine = o.combine;
  exchange_ = std::make_unique<DeviceExchange>(wire, *exchange_memory_, shared_.launcher);
  wire.combine = CombineMode::Ordered;
  wire.shape.max_tokens = std::min(o.max_tokens, kProbeRows);
  probe_exchange_ = std::make_unique<DeviceExchange>(wire, *exchange_memory_, shared_.launcher);
  counted_.clear();
  for (const DeviceExchange* exchange : {exchange_.get(), probe_exchange_.get()})
    counted_[exchange].resize(static_cast<std::size_t>(shared_.group.size));
}

void DeviceUnit::set_overlap(bool) {}

WorkerBudget DeviceUnit::set_budget(WorkerBudget requested) {
  const int computing = streams_of(shared_.options.kind) - 1;
  shared_.options.budget = requested;
  granted_.workers = std::clamp(requested.workers, computing + 1, shared_.device.most_blocks());
  granted_.communication = std::clamp(requested.communication, 1, granted_.workers - computing);
  for (DeviceMember& one : members_) one.set_budget(granted_.workers, granted_.communication);
  return granted_;
}

PageBook& DeviceUnit::pages(int attention_group) {
  return member(attention_group).pages();
}

std::size_t DeviceUnit::page_bytes() const {
  return flat(PageBook::page_tokens(), config().kv_width()) * sizeof(float);
}

std::vector<Place> DeviceUnit::page_places(int index, const KvSequence& sequence) {
  std::vector<Place> places;
  for (int layer = 0; layer < config().layers; ++layer)
    for (const int page : sequence.pages)
      places.push_back(
          {shared_.group.first + index, kv_window_,
           static_cast<std::size_t>(layer * shared_.options.kv_pages + page) * page_bytes()});
  return places;
}

void DeviceUnit::fetch_pages(int index, const KvSequence& sequence, std::span<const Place> from) {
  const std::size_t pages = from.size() / static_cast<std::size_t>(config().layers);
  const int rank = shared_.group.first + index;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const Place to{rank, kv_window_,
                   (i / pages * static_cast<std::size_t>(shared_.options.kv_pages) +
                    static_cast<std::size_t>(sequence.pages[i % pages])) *
                       page_bytes()};
    shared_.memory->copy(space_.local(to.rank, to.window).data() + to.offset,
                         space_.local(from[i].rank, from[i].window).data() + from[i].offset,
                         page_bytes());
    space_.count(rank, from[i].rank, page_bytes(), Purpose::KvCache);
  }
}

}  // namespace moescope::runtime
