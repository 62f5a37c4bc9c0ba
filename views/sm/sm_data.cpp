#include "views/sm/sm_data.h"

#include <QCoreApplication>
#include <array>

#include "core/analysis/spans/gpu_work.h"

namespace moescope {
namespace {

constexpr std::array kStack = {
    SpanClass::Dispatch, SpanClass::Combine,      SpanClass::Communication, SpanClass::Attention,
    SpanClass::Dense,    SpanClass::Gate,         SpanClass::Expert,        SpanClass::SharedExpert,
    SpanClass::FusedMoe, SpanClass::OtherCompute, SpanClass::Memory,        SpanClass::Host};
constexpr std::size_t kSmallSteps = 50'000;
constexpr std::uint64_t kSmallSpans = 100'000;

}  // namespace

QString ProcessorNames::allocation() const {
  return QCoreApplication::translate("SmData", "%1 allocation")
      .arg(one.left(1).toUpper() + one.mid(1));
}

ProcessorNames processor_names(const Trace& trace, const DeviceKey& key) {
  const ProcessorWords words = processor_words(find_device(trace, key));
  return {QString::fromUtf8(words.one), QString::fromUtf8(words.many)};
}

std::vector<SpanClass> sm_classes(const SmAllocation& allocation) {
  std::array<bool, kSpanClassCount> used{};
  for (const SmStep& step : allocation.steps)
    for (std::size_t c = 0; c < used.size(); ++c) used[c] = used[c] || step.by_class[c] > 0;
  std::vector<SpanClass> classes;
  for (const SpanClass c : kStack)
    if (used[static_cast<std::size_t>(c)]) classes.push_back(c);
  return classes;
}

std::vector<SpanClass> sm_classes(const std::vector<const SmDevice*>& devices) {
  std::vector<SpanClass> classes;
  for (const SpanClass c : kStack)
    for (const SmDevice* device : devices)
      if (std::find(device->classes.begin(), device->classes.end(), c) != device->classes.end()) {
        classes.push_back(c);
        break;
      }
  return classes;
}

SmDataPtr make_sm_data(TracePtr trace, AnalysisPtr analysis, SmBlocks blocks, Progress& progress) {
  auto data = std::make_shared<SmData>();
  for (const SmAllocation& allocation : analysis->sm) {
    progress.check();
    data->devices.push_back({&allocation, SmIntegral(allocation), {}, sm_classes(allocation)});
    if (blocks == SmBlocks::Indexed)
      data->devices.back().records.emplace(*trace, *analysis->classes, allocation.key, progress);
  }
  data->trace = std::move(trace);
  data->analysis = std::move(analysis);
  return data;
}

bool is_small_sm_data(const Trace& trace, const AnalysisResults& analysis) {
  std::size_t steps = 0;
  for (const SmAllocation& allocation : analysis.sm) steps += allocation.steps.size();
  if (!trace.in_memory() || steps >= kSmallSteps || trace.span_count() >= kSmallSpans) return false;
  std::size_t records = 0;
  for (const auto& piece : trace.sm_record_pieces()) records += piece.size();
  return records < kSmallSpans;
}

}  // namespace moescope
