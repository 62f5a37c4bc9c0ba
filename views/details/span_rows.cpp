#include "views/details/span_rows.h"

#include <QCoreApplication>

#include "core/analysis/spans/kernel_label.h"
#include "views/common/theme.h"
#include "views/common/units.h"
#include "views/details/json_rows.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("SpanRows", text);
}

QString qt(std::string_view text) {
  return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

QString short_name(const Trace& trace, const Span& span) {
  return QString::fromStdString(kernel_label(trace.strings()[span.name]));
}

QString rank_of(const Trace& trace, SpanRef ref) {
  return QString::fromStdString(trace.processes().at(trace.tracks().at(ref.track).process).label);
}

void add_class(const FactRows& rows, const SpanDetails& details) {
  if (!details.analysis || !is_gpu_work(details.span.kind)) return;
  const Classification& classes = *details.analysis->classes;
  const ClassifiedName found = classes.of(details.span.kind, details.span.name);
  rows.add(tr("Class"), class_label(found.span_class, found.waits));
  const auto& rules = classes.rules().rules;
  const auto index = static_cast<std::size_t>(found.rule);
  if (found.rule < 0 || index >= rules.size()) {
    rows.add(tr("Rule"), tr("none matched"));
    return;
  }
  rows.add(tr("Rule"),
           tr("%1: %2").arg(found.rule + 1).arg(QString::fromStdString(rules[index].pattern)),
           tr("The first rule whose pattern matches the name. Click to open it."))
      .leadTo(kRuleRole, int{found.rule});
}

/// What the device does beside the span: of communication what is exposed, of compute what it
/// hides.
void add_overlap(const FactRows& rows, const SpanDetails& details) {
  if (!details.overlap) return;
  const SpanOverlap& overlap = *details.overlap;
  const TimeNs whole = details.span.duration;
  switch (details.analysis->classes->role(details.span.kind, details.span.name)) {
    case Role::Communication:
      rows.add(
          tr("Exposed"), time_of(overlap.alone, whole),
          tr("Part of this communication in which its device computes nothing, on any stream"));
      return;
    case Role::Compute:
      rows.add(tr("Hides"), time_of(overlap.beside, whole),
               tr("Part of this work in which its device communicates on another stream"));
      return;
    case Role::Fused:
      rows.add(tr("Overlap"), tr("not observable"),
               tr("This kernel communicates and computes inside one launch"));
      return;
    case Role::Memory:
      rows.add(tr("Beside compute"), time_of(overlap.hidden, whole),
               tr("Part of this copy or fill in which its device computes"));
      return;
    case Role::None:
      return;
  }
}

void add_duration(const FactRows& rows, const Span& span, TimeRange visible) {
  rows.add(tr("Duration"), format_time(span.duration), format_time_full(span.duration));
  if (visible.empty()) return;
  rows.add(tr("Of the visible range"), share_text(span, visible),
           tr("The part of the visible range that this span takes"))
      .followRange();
}

void add_place(const FactRows& rows, const SpanDetails& details) {
  const SpanPlace& place = details.place;
  if (!place.layer.empty()) rows.add(tr("Layer"), QString::fromStdString(place.layer));
  if (!place.micro_batch.empty())
    rows.add(tr("Micro-batch"), QString::fromStdString(place.micro_batch));
  if (!place.phase.empty()) rows.add(tr("Phase"), QString::fromStdString(place.phase));
  if (place.step) rows.add(tr("Step"), QString::number(*place.step));
}

/// Spans that the selected one leads to: one as a row, several below a row.
void add_spans(const FactRows& rows, const Trace& trace, const QString& title, const QString& tip,
               const LinkedSpans& spans) {
  if (spans.count == 0) return;
  const auto text = [&](const LinkedSpan& other) {
    return tr("%1, %2 at %3")
        .arg(short_name(trace, other.span), format_time(other.span.duration),
             format_position(other.span.start, 1000));
  };
  const auto link = [&](const FactRows& above, const QString& name, const LinkedSpan& other) {
    above
        .add(name, text(other),
             tr("%1\n%2\n%3. Click to go there.")
                 .arg(text(other), QString::fromStdString(trace.path(other.ref.track)), tip))
        .leadTo(kSpanRole, other.ref);
  };
  if (spans.count == 1) return link(rows, title, spans.read.front());
  const FactRows group = rows.add(title, tr("%1 spans").arg(format_count(spans.count)), tip);
  for (const LinkedSpan& other : spans.read)
    link(group, QString::fromStdString(trace.path(other.ref.track)), other);
  if (spans.count > spans.read.size())
    group.add(QStringLiteral("…"),
              tr("%1 more").arg(format_count(spans.count - spans.read.size())));
}

void add_launched(const FactRows& rows, const SpanDetails& details) {
  if (!is_gpu_work(details.span.kind))
    return add_spans(rows, *details.trace, tr("Launched"),
                     tr("The GPU work that this call started"), details.partners);
  add_spans(rows, *details.trace, tr("Launched by"),
            tr("The call on the host that started this work"), details.partners);
  if (details.partners.read.empty()) return;
  const TimeNs delay = details.span.start - details.partners.read.front().span.start;
  rows.add(tr("Launch delay"), format_time(delay),
           tr("From the begin of the launch call to the begin of the work"));
}

void add_collective(const FactRows& rows, const SpanDetails& details) {
  if (details.peers.count == 0) return;
  const Trace& trace = *details.trace;
  const bool guessed = details.peer_method == PeerMethod::Order;
  const QString mark = guessed ? QStringLiteral("• ") : QString();
  const QString method = tr(to_string(details.peer_method));
  add_spans(rows, trace, guessed ? tr("• On other ranks (guessed)") : tr("On other ranks"),
            tr("The same collective on the other ranks, %1").arg(method), details.peers);
  const Arrivals& arrivals = details.arrivals;
  const bool own = arrivals.last == details.ref;
  rows.add(
          mark + tr("Came last"),
          own ? tr("this one, %1 after the first").arg(format_time(arrivals.spread))
              : tr("%1, %2 later").arg(rank_of(trace, arrivals.last), format_time(arrivals.waited)),
          tr("The rank that started this collective last: the others waited for it. By the clocks "
             "of the ranks; %1.")
              .arg(method))
      .leadTo(kSpanRole, arrivals.last);
}

LinkedSpans linked(const std::vector<FoundSpan>& spans) {
  LinkedSpans linked;
  linked.count = spans.size();
  for (std::size_t i = 0; i < std::min(spans.size(), LinkedSpans::kMost); ++i)
    linked.read.push_back({spans[i].ref, spans[i].span});
  return linked;
}

/// The way of the tokens that the span sends, computes or brings back.
void add_tokens(const FactRows& rows, const SpanDetails& details) {
  if (!details.tokens) return;
  const TokenFlow& flow = *details.tokens;
  const Trace& trace = *details.trace;
  const QString title = tr("Way of the tokens");
  if (flow.gap != FlowGap::None) {
    rows.add(title, tr("not known: %1").arg(tr(to_string(flow.gap))),
             tr("Dispatch, expert work and combine belong together that have the same step, layer "
                "and micro-batch."));
    return;
  }
  const auto recorded = static_cast<int>(trace.processes().size());
  const int world = trace.processes().at(trace.tracks().at(flow.of.track).process).world_size;
  QString over = tr("over %1").arg(counted(flow.ranks, tr("rank"), tr("ranks")));
  if (world > recorded) over += tr("; the trace has %1 of %2").arg(recorded).arg(world);
  const FactRows group =
      rows.add(title, over,
               tr("Dispatch, expert work and combine of the same step, layer and micro-batch. "
                  "Which expert a token chose is not recorded."));
  add_spans(group, trace, tr("Dispatch"), tr("Sends these tokens to the ranks of their experts"),
            linked(flow.dispatches));
  add_spans(group, trace, tr("Expert work"), tr("Computes them"), linked(flow.experts));
  add_spans(group, trace, tr("Combine"), tr("Brings the results back"), linked(flow.combines));
}

void add_same_name(const FactRows& rows, const SpanDetails& details) {
  if (!details.same_name || details.same_name->durations().count < 2) return;
  const SameName& same = *details.same_name;
  const DurationStatistics& all = same.durations();
  const auto time = [](double ns) { return format_time(static_cast<TimeNs>(ns)); };
  const auto longer = same.longer_than(details.span.duration);
  const FactRows group =
      rows.add(tr("Same name"), tr("%1 spans").arg(format_count(all.count)),
               tr("Spans of the same kind and whole name in the whole trace, on all ranks"));
  group.add(tr("Total"), format_time(all.total), format_time_full(all.total));
  group.add(tr("Mean"), time(all.mean()));
  group.add(tr("p50, p95"),
            tr("%1, %2").arg(format_time(same.percentile(50)), format_time(same.percentile(95))),
            tr("Half of the spans and 95 % of them take at most so long"));
  group.add(tr("This one"),
            longer == 0
                ? tr("the longest")
                : tr("number %1 of %2").arg(format_count(longer + 1), format_count(all.count)),
            tr("By duration, longest first"));
  if (longer > 0)
    group.add(tr("Longest"), format_time(all.max), tr("Click to go there."))
        .leadTo(kSpanRole, same.longest());
}

QString dimensions(const std::array<std::uint32_t, 3>& d) {
  return QStringLiteral("%1 × %2 × %3").arg(d[0]).arg(d[1]).arg(d[2]);
}

bool has_launch(const SpanDetails& details) {
  return details.span.launch != 0 && details.span.launch < details.trace->launches().size();
}

void add_launch(const FactRows& rows, const SpanDetails& details) {
  if (!has_launch(details)) return;
  const LaunchConfig& launch = details.trace->launches()[details.span.launch];
  const FactRows group = rows.add(
      tr("Launch"), tr("%1 blocks of %2 threads")
                        .arg(format_count(launch.blocks()), format_count(launch.threads())));
  group.add(tr("Grid"), dimensions(launch.grid));
  group.add(tr("Block"), dimensions(launch.block));
  if (launch.cluster[0] != 0) group.add(tr("Cluster"), dimensions(launch.cluster));
  group.add(tr("Registers per thread"), format_count(launch.registers_per_thread));
  group.add(tr("Shared memory per block"), format_bytes(launch.shared_memory),
            tr("%1 bytes, static and dynamic").arg(format_count(launch.shared_memory)));
}

/// Arguments of the PyTorch profiler that rows of their own show.
std::vector<std::string> said_elsewhere(const SpanDetails& details) {
  std::vector<std::string> said;
  if (has_launch(details)) said = {"grid", "block", "registers per thread", "shared memory"};
  if (details.span.correlation != 0) said.emplace_back("correlation");
  return said;
}

}  // namespace

QString share_text(const Span& span, TimeRange visible) {
  const TimeNs inside = std::min(span.end(), visible.end) - std::max(span.start, visible.begin);
  if (visible.empty() || inside <= 0) return tr("not visible");
  return tr("%1 of %2")
      .arg(
          format_percent(100 * static_cast<double>(inside) / static_cast<double>(visible.length())),
          format_time(visible.length()));
}

void add_span_rows(const FactRows& rows, const SpanDetails& details, TimeRange visible) {
  const Trace& trace = *details.trace;
  const Span& span = details.span;
  rows.add(tr("Name"), short_name(trace, span), qt(trace.strings()[span.name]));
  add_duration(rows, span, visible);
  add_overlap(rows, details);
  rows.add(tr("Start"), format_position(span.start, 1), format_time_full(span.start));
  rows.add(tr("End"), format_position(span.end(), 1), format_time_full(span.end()));
  add_class(rows, details);
  add_place(rows, details);
  add_tokens(rows, details);
  add_collective(rows, details);
  add_launched(rows, details);
  add_same_name(rows, details);
  rows.add(tr("Track"), QString::fromStdString(trace.path(details.ref.track)));
  rows.add(tr("Recorded as"), qt(to_string(span.kind)));
  if (span.correlation != 0)
    rows.add(tr("Correlation"), QString::number(span.correlation),
             tr("Joins a launch and the GPU work it started"));
  add_launch(rows, details);
  add_arguments(rows, details.args, said_elsewhere(details));
}

}  // namespace moescope
