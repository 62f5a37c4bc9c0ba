// A table for spreadsheets and scripts.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "core/placement/engines/engine_form.h"

namespace moescope {
namespace {

class CsvForm final : public EngineForm {
 public:
  const char* name() const override { return "csv"; }
  const char* title() const override { return "table (CSV)"; }
  const char* suffix() const override { return "csv"; }
  bool recognises(std::string_view text) const override {
    return text.starts_with("layer,slot,gpu,node,expert");
  }
  bool takes_dead_gpus() const override { return true; }
  bool keeps_weights() const override { return true; }
  std::string write(const Plan& plan) const override;
  Plan read(std::string_view text, const std::string& source) const override;
  EngineExport describe(const Plan&, const std::string&) const override {
    return {.launch = "no engine reads this table; it is for spreadsheets and scripts"};
  }
};

std::string CsvForm::write(const Plan& plan) const {
  std::string text = "layer,slot,gpu,node,expert,replica_weight\n";
  for (std::size_t l = 0; l < plan.physical_to_logical.size(); ++l) {
    const auto& row = plan.physical_to_logical[l];
    for (std::size_t s = 0; s < row.size(); ++s) {
      const int gpu = plan.gpu_of(static_cast<int>(s));
      text += fmt::format(
          "{},{},{},{},{},{}\n", plan.layer_id(static_cast<int>(l)), s, gpu, plan.node_of_gpu(gpu),
          row[s] < 0 ? "" : std::to_string(row[s]),
          plan.replica_weight.empty() ? "" : fmt::format("{}", plan.replica_weight[l][s]));
    }
  }
  return text;
}

Plan CsvForm::read(std::string_view text, const std::string& source) const {
  Plan plan;
  int last_gpu = -1, line = 0, last_layer = -1;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    auto rest = text.substr(from, end - from);
    from = end + 1;
    if (++line == 1) {
      if (!rest.starts_with("layer,slot,gpu,node,expert"))
        throw Error(source, "line 1", "is not the heading layer,slot,gpu,node,expert,...");
      continue;
    }
    if (rest.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    int field[5] = {};
    for (int i = 0; i < 5; ++i) {
      const auto comma = std::min(rest.find(','), rest.size());
      const auto part = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      const auto [stop, failed] = std::from_chars(part.data(), part.data() + part.size(), field[i]);
      if (i == 4 && part.empty())
        field[i] = kNoExpert;
      else if (failed != std::errc() || stop != part.data() + part.size() || field[i] < 0 ||
               field[i] > 1 << 20)
        throw Error(source, fmt::format("line {}", line),
                    fmt::format("\"{}\" is not a number", part));
    }
    if (plan.layers() == 0 || field[0] != last_layer) {
      if (plan.layers() >= kMaxPlanLayers) throw Error(source, "", "has too many layers");
      plan.physical_to_logical.emplace_back();
      plan.layer_ids.push_back(last_layer = field[0]);
    }
    auto& row = plan.physical_to_logical.back();
    if (field[1] != static_cast<int>(row.size()) || field[1] >= kMaxPlanSlots)
      throw Error(source, fmt::format("line {}", line),
                  fmt::format("slot {} comes where {} is due", field[1], row.size()));
    row.push_back(field[4]);
    last_gpu = std::max(last_gpu, field[2]);
  }
  if (plan.layers() == 0) throw Error(source, "", "has no rows");
  plan.num_gpus = last_gpu + 1;
  return plan;
}

}  // namespace

const EngineForm& csv_form() {
  static const CsvForm form;
  return form;
}

}  // namespace moescope
