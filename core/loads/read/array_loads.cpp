#include "core/loads/read/array_loads.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/loads/files/load_budget.h"
#include "core/loads/read/route_table.h"

namespace moescope {
namespace {

using Index = std::size_t;
using Arrays = LoadReading::Arrays;

/// As routes: layers and experts of a token.
struct RouteShape {
  Index layers = 1, top_k = 1;
};

/// [token][layer][k], or [token][layer * k] when k or the layers are given.
RouteShape route_shape(const NumberArray& array, const LoadReading& reading) {
  const Index width = array.shape.back();
  RouteShape shape{array.shape.size() == 3 ? array.shape[1] : 1, width};
  if (array.shape.size() == 2) {
    if (reading.top_k) shape.top_k = static_cast<Index>(*reading.top_k);
    if (reading.layers && !reading.top_k) shape.top_k = width / static_cast<Index>(*reading.layers);
    shape.layers = shape.top_k == 0 ? 0 : width / shape.top_k;
  }
  const auto differs = [](const std::optional<int>& given, Index found) {
    return given && static_cast<Index>(*given) != found;
  };
  if ((array.shape.size() == 2 && shape.layers * shape.top_k != width) ||
      differs(reading.layers, shape.layers) || differs(reading.top_k, shape.top_k))
    throw Error(
        array.source, "shape",
        fmt::format("has {} layers and {} experts per token, not the numbers that were given",
                    shape.layers, shape.top_k),
        "Give the numbers of the array, or none", "--layers, --top-k");
  return shape;
}

LoadSet as_routes(const NumberArray& array, const LoadReading& reading) {
  const auto shape = route_shape(array, reading);
  LoadSet loads;
  loads.source = array.source;
  loads.format = fmt::format("routes ({})", array.format);
  RouteTable table(array.source, shape.layers, shape.top_k);
  array.rows([&](Index, std::span<const double> row) {
    for (Index at = 0; at < row.size(); at += shape.top_k) table.add(row.subspan(at, shape.top_k));
    return true;
  });
  table.finish(loads, reading);
  finish_loads(loads);
  return loads;
}

LoadSet as_counts(const NumberArray& array) {
  const Index experts = array.shape.back(), layers = array.shape[array.shape.size() - 2];
  const Index windows = array.shape.size() == 3 ? array.shape[0] : 1;
  LoadBudget(array.source).take(windows, layers, experts, "shape");
  LoadSet loads;
  loads.source = array.source;
  loads.format = array.format;
  loads.experts = static_cast<int>(experts);
  loads.windows.resize(windows);
  array.rows([&](Index row, std::span<const double> values) {
    loads.windows[row / layers].emplace_back(values.begin(), values.end());
    return true;
  });
  finish_loads(loads);
  return loads;
}

RouteEvidence evidence_of(const NumberArray& array) {
  RouteTest test(array.shape.size() == 3 ? array.shape[1] : 1, array.shape.back());
  array.rows([&](Index, std::span<const double> row) { return test.add(row); });
  return test.evidence();
}

}  // namespace

LoadSet read_array(const NumberArray& array, const LoadReading& reading) {
  if (reading.arrays == Arrays::Routes) return as_routes(array, reading);
  const bool either = reading.arrays == Arrays::FromContent &&
                      array.type != NumberArray::Type::Other && array.shape.back() <= kMaxTopK &&
                      (array.shape.size() == 3 || array.type == NumberArray::Type::Narrow);
  const auto evidence = either ? evidence_of(array) : RouteEvidence();
  if (!evidence.possible) return as_counts(array);
  const bool of_engine = array.type == NumberArray::Type::Narrow && array.shape.size() == 3;
  if (!of_engine && !evidence.certain())
    throw AmbiguousArray(
        array.source, "",
        fmt::format("could be counts of tokens [{}], or routes, the experts of each token [{}]: no "
                    "row repeats a number",
                    array.shape.size() == 3 ? "window][layer][expert" : "layer][expert",
                    array.shape.size() == 3 ? "token][layer][top k" : "token][top k"),
        "Open it as counts or as routes", "moescope loads --as counts or --as routes");
  auto loads = as_routes(array, reading);
  loads.notes.push_back(fmt::format(
      "read as routes, the experts of each token: no token names one twice in a layer"
      "{}",
      evidence.certain()
          ? fmt::format(", where counts would have {:.0f} such rows", evidence.expected_repeats)
          : ""));
  return loads;
}

}  // namespace moescope
