#include "gpu/engine/rank/schedule.h"

#include <cstddef>
#include <utility>

namespace moescope::runtime {
namespace {

/// Stages of a layer: 4l after it is complete up to layer l, then gate, dispatch, experts.
class Maker {
 public:
  Maker(UnitKind kind, int dense_layers) : kind_(kind), dense_layers_(dense_layers) {}

  bool dense(int layer) const { return layer < dense_layers_; }
  void attend(int layer, int mb) {
    add(StreamId::Compute,
        {Part::Attend, layer, mb, 4 * layer, 4 * layer + (dense(layer) ? 4 : 1)});
  }
  void dispatch(int layer, int mb) {
    add(StreamId::Communication, {Part::Dispatch, layer, mb, 4 * layer + 1, 4 * layer + 2});
  }
  void experts(int layer, int mb) {
    add(kind_ == UnitKind::Decode ? StreamId::Experts : StreamId::Compute,
        {Part::Experts, layer, mb, 4 * layer + 2, 4 * layer + 3});
  }
  void combine(int layer, int mb) {
    add(StreamId::Communication, {Part::Combine, layer, mb, 4 * layer + 3, 4 * layer + 4});
  }
  void head(int layers, int mb) {
    add(StreamId::Compute, {Part::Head, layers, mb, 4 * layers, 4 * layers + 1});
  }
  void number_turns() { numbering_ = true; }
  Schedule take() { return std::move(schedule_); }

 private:
  void add(StreamId stream, Item item) {
    if (numbering_) item.turn = turn_++;
    schedule_.streams[static_cast<std::size_t>(stream)].push_back(item);
  }
  UnitKind kind_;
  int dense_layers_;
  bool numbering_ = false;
  int turn_ = 0;
  Schedule schedule_;
};

void serial(Maker& make, int micro_batches, int layers) {
  make.number_turns();
  for (int mb = 0; mb < micro_batches; ++mb) {
    for (int layer = 0; layer < layers; ++layer) {
      make.attend(layer, mb);
      if (make.dense(layer)) continue;
      make.dispatch(layer, mb);
      make.experts(layer, mb);
      make.combine(layer, mb);
    }
    make.head(layers, mb);
  }
}

void layer_part_by_part(Maker& make, int micro_batches, int layer) {
  for (int mb = 0; mb < micro_batches; ++mb) make.attend(layer, mb);
  if (make.dense(layer)) return;
  for (int mb = 0; mb < micro_batches; ++mb) make.dispatch(layer, mb);
  for (int mb = 0; mb < micro_batches; ++mb) make.experts(layer, mb);
  for (int mb = 0; mb < micro_batches; ++mb) make.combine(layer, mb);
}

void layer_against_rest(Maker& make, int micro_batches, int layer) {
  for (int mb = 0; mb < micro_batches; ++mb) {
    make.attend(layer, mb);
    if (make.dense(layer)) continue;
    make.dispatch(layer, mb);
    make.experts(layer, mb);
    make.combine(layer, mb);
  }
}

}  // namespace

Schedule make_schedule(UnitKind kind, bool overlap, int micro_batches, int layers, int dense_layers,
                       DecodeOrder order) {
  Maker make(kind, dense_layers);
  if (!overlap) {
    serial(make, micro_batches, layers);
    return make.take();
  }
  for (int layer = 0; layer < layers; ++layer)
    if (kind == UnitKind::Prefill || order == DecodeOrder::PartByPart)
      layer_part_by_part(make, micro_batches, layer);
    else
      layer_against_rest(make, micro_batches, layer);
  for (int mb = 0; mb < micro_batches; ++mb) make.head(layers, mb);
  return make.take();
}

}  // namespace moescope::runtime
