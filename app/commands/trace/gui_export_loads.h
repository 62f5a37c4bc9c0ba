// `moescope export --chart load|balance`: charts of expert loads and logs without a window.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/commands/rule_options.h"
#include "views/common/theme.h"
#include "views/plot/chart.h"

namespace moescope {

struct LoadChartOptions {
  std::string heatmap = "layer-expert", scale = "relative", plan, window, unit;
  std::optional<int> layer, gpus;
  RuleChoice rule;
};

void add_load_chart_options(CLI::App& command, LoadChartOptions& options);

/// Draws the chart "load" or "balance" of `files` to `output`. Throws Error.
void export_load_chart(const std::vector<std::string>& files, const std::string& chart,
                       const LoadChartOptions& options, const QString& output, QSize size,
                       const Theme& theme);

}  // namespace moescope
