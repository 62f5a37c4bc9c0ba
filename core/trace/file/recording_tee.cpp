#include <algorithm>
#include <stdexcept>

#include "core/trace/file/recording_sink.h"

namespace moescope {
namespace {

template <typename Id>
Id same(Id first, Id second) {
  if (first != second) throw std::logic_error("two sinks of one recording give different ids");
  return first;
}

}  // namespace

ProcessId RecordingTee::add_process(Process process) {
  const ProcessId id = second_.add_process(process);
  return same(first_.add_process(std::move(process)), id);
}

void RecordingTee::add_device(Device device) {
  second_.add_device(device);
  first_.add_device(std::move(device));
}

TrackId RecordingTee::add_track(Track track) {
  const TrackId id = second_.add_track(track);
  return same(first_.add_track(std::move(track)), id);
}

LaunchId RecordingTee::intern_launch(const LaunchConfig& launch) {
  return same(first_.intern_launch(launch), second_.intern_launch(launch));
}

void RecordingTee::append(TrackId track, SpanBatch batch) {
  SpanBatch copy = batch;
  second_strings_.resize(first_.strings().size());
  for (StringId& name : copy.columns.name) {
    StringId& other = second_strings_.at(name);
    if (other == 0 && name != 0) other = second_.strings().intern(first_.strings()[name]);
    name = other;
  }
  second_.append(track, std::move(copy));
  first_.append(track, std::move(batch));
}

void RecordingTee::add_sm_records(std::vector<SmRecord> records) {
  second_.add_sm_records(records);
  first_.add_sm_records(std::move(records));
}

void RecordingTee::add_counter(CounterSeries series) {
  second_.add_counter(series);
  first_.add_counter(std::move(series));
}

void RecordingTee::add_note(Note note) {
  second_.add_note(note);
  first_.add_note(std::move(note));
}

void RecordingTee::add_loss(Loss loss) {
  second_.add_loss(loss);
  first_.add_loss(std::move(loss));
}

void RecordingTee::set_info(TraceInfo info) {
  second_.set_info(info);
  first_.set_info(std::move(info));
}

void RecordingTee::add_loads(LoadRow row) {
  second_.add_loads(row);
  first_.add_loads(std::move(row));
}

void RecordingTee::add_plan(PlanRow row) {
  second_.add_plan(row);
  first_.add_plan(std::move(row));
}

void RecordingTee::flush() {
  first_.flush();
  second_.flush();
}

double RecordingTee::backlog() const {
  return std::max(first_.backlog(), second_.backlog());
}

void RecordingTee::end_round() {
  second_.end_round();
  first_.end_round();
}

}  // namespace moescope
