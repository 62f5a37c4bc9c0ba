// What is known of a selected layer, expert, GPU or slot of expert loads.
#pragma once

#include <optional>
#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/results.h"
#include "core/loads/expert_facts.h"
#include "core/loads/placement_of_loads.h"
#include "views/details/fact_rows.h"
#include "views/workspace/documents/load_document.h"

namespace moescope {

/// What the facts are made of.
struct PlaceInput {
  LoadsPtr loads;
  WindowRange windows;
  PlacementOfLoads placement;
  std::optional<ReplicaRule> rule;  ///< nullopt: the plan's weights, else equal shares
  ModelPlace place;
  TracePtr trace;        ///< may be null
  AnalysisPtr analysis;  ///< may be null
};

struct PlaceDetails {
  PlaceInput input;
  int layer_id = 0;                   ///< of the model
  std::optional<LayerFacts> layer;    ///< none: no layer is selected
  std::optional<ExpertFacts> expert;  ///< of the layer
  std::optional<GpuFacts> gpu;        ///< of the layer
  std::optional<int> held;            ///< expert in the selected slot
  std::vector<ScopeOverlap> work;     ///< of the layer in the trace, by device
};

/// For a job. Throws Error when the placement does not fit the loads.
PlaceDetails read_place_details(PlaceInput input);
/// "Layer 3, expert 12"
QString place_title(const PlaceDetails& details);
void add_place_rows(const FactRows& rows, const PlaceDetails& details);

}  // namespace moescope
