// The heatmaps of expert loads: which values, axes and words, and which cell is what.
#pragma once

#include "views/load/heat/heat_map.h"
#include "views/load/load_sums.h"
#include "views/workspace/model_place.h"

namespace moescope {

enum class LoadPictureKind { LayerExpert, GpuLayer, ExpertTime, NodeLayer, LayerGroup };

struct LoadPictureInput {
  LoadSumsPtr sums;
  PlacementOfLoads gpus;  ///< its plan has the shares of the rule as its weights
  std::optional<ReplicaRule> rule;
  LoadPictureKind kind = LoadPictureKind::LayerExpert;
  HeatScale scale = HeatScale::Relative;
  int layer = 0;  ///< of ExpertTime
  /// The picture follows loads that are recorded: its scale moves in steps only.
  bool growing = false;
  std::optional<HeatExtent> before;  ///< of the scale of the picture before, when growing
};

/// describe() of its placement.
QString gpus_text(const LoadPictureInput& input);
/// Null when the kind has nothing to show: change without windows to compare with.
HeatPicturePtr make_load_picture(const LoadPictureInput& input);

/// Row or column of what is selected; -1 where the picture has no such direction.
HeatCell cell_of(const LoadPictureInput& input, const ModelPlace& selection);
/// `before` with what the cell stands for.
ModelPlace selection_of(const LoadPictureInput& input, HeatCell cell, ModelPlace before);
/// All numbers of a cell in one text of several lines.
QString load_cell_text(const LoadPictureInput& input, HeatCell cell);

/// "layer 12 (row 9)" or "layer 12".
QString layer_name(const LoadSet& loads, int row);
/// "window 7" or its time.
QString window_name(const LoadSet& loads, int window);
/// What counts along an axis of windows: when they begin, or their numbers where no times are
/// known.
QString windows_axis_name(const LoadSet& loads);
QString window_label(const LoadSet& loads, int window);
/// "all 12 windows", "windows 3 to 5".
QString windows_text(const LoadSet& loads, WindowRange windows);
/// The same with the unit before it: "decode, all 8 windows". What a figure of loads is of.
QString load_scope_text(const LoadSet& loads, WindowRange windows);
/// What the shown windows are compared with: "windows 0 to 5", "all other windows". With a
/// reference only.
QString reference_text(const LoadSums& sums);

}  // namespace moescope
