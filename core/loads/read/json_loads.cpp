// Loads as one JSON document, read as a stream: nothing but the counts is kept.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/loads/files/load_budget.h"
#include "core/loads/read/formats.h"

namespace moescope::load_formats {
namespace {

using Json = nlohmann::json;

/// Collects "logical_count", "layer_ids", "top_k" and "ordered_in_time" of the top level object;
/// skips the rest.
class CountsReader : public nlohmann::json_sax<Json> {
 public:
  explicit CountsReader(const std::string& source) : source_(source) {}

  bool null() override { return other("null"); }
  bool boolean(bool v) override {
    if (objects_ == 1 && arrays_ == 0 && key_ == "ordered_in_time") ordered_ = v;
    return other("a truth value");
  }
  bool number_integer(number_integer_t v) override { return number(static_cast<double>(v)); }
  bool number_unsigned(number_unsigned_t v) override { return number(static_cast<double>(v)); }
  bool number_float(number_float_t v, const string_t&) override { return number(v); }
  bool string(string_t&) override { return other("a text"); }
  bool binary(binary_t&) override { return other("bytes"); }
  bool start_object(std::size_t) override {
    if (wanted()) other("an object");
    ++objects_;
    return true;
  }
  bool end_object() override {
    --objects_;
    return true;
  }
  bool key(string_t& name) override {
    if (objects_ == 1 && arrays_ == 0) key_ = name;
    return true;
  }
  bool start_array(std::size_t) override {
    if (objects_ == 0) fail("", "is a list, expected an object with logical_count");
    ++arrays_;
    if (!wanted()) return true;
    if (arrays_ > 3) fail(place(), "is nested deeper than [step][layer][expert]");
    if (arrays_ == 1) rows_.clear(), steps_.clear(), depth_ = 0;
    return true;
  }
  bool end_array() override {
    if (wanted()) end_level();
    --arrays_;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    throw Error(source_, fmt::format("byte {}", position),
                fmt::format("is not valid JSON ({})", error.what()),
                "NaN and cut off files are not read");
  }

  LoadSet take() {
    if (windows_.empty()) fail("", "has no logical_count");
    LoadSet loads;
    loads.source = source_;
    loads.windows = std::move(windows_);
    loads.experts = loads.windows[0].empty() ? 0 : static_cast<int>(loads.windows[0][0].size());
    loads.layer_ids = std::move(layer_ids_);
    loads.top_k = top_k_;
    loads.ordered_in_time = loads.windows.size() < 2 || ordered_;
    return loads;
  }

 private:
  [[noreturn]] void fail(const std::string& where, const std::string& problem) const {
    throw Error(source_, where, problem, "Expected logical_count [step][layer][expert]");
  }
  bool wanted() const { return objects_ == 1 && key_ == "logical_count"; }
  std::string place() const {
    return fmt::format("logical_count, step {}, layer {}", steps_.size(), rows_.size());
  }
  bool other(const char* what) {
    if (wanted()) fail(place(), fmt::format("is {}, expected a count", what));
    return true;
  }
  bool number(double v) {
    if (wanted()) {
      if (arrays_ < 2) fail(place(), "is a number, expected lists of layers");
      if (depth_ == 0) depth_ = arrays_;
      if (depth_ != arrays_) fail(place(), "mixes numbers and lists");
      if (row_.size() >= kMaxPlanExperts) fail(place(), "has more experts than any model");
      row_.push_back(v);
    } else if (objects_ == 1 && key_ == "layer_ids" && arrays_ == 1) {
      if (v < 0 || v > 1e6 || v != static_cast<int>(v) || layer_ids_.size() >= kMaxPlanLayers)
        fail("layer_ids", fmt::format("holds {}, expected layer numbers", v));
      layer_ids_.push_back(static_cast<int>(v));
    } else if (objects_ == 1 && key_ == "top_k" && arrays_ == 0 && v >= 1 && v <= 1024) {
      top_k_ = static_cast<int>(v);
    }
    return true;
  }
  /// A list of numbers is a layer; two levels are one window, three are a list of them.
  void end_level() {
    if (depth_ == 0) {
      if (arrays_ == 1) return;
      fail(place(), "is an empty list");
    }
    if (arrays_ == depth_) {
      budget_.take_row(row_.size(), place());
      budget_.check_layers(rows_.size() + 1, place());
      row_.shrink_to_fit();
      rows_.push_back(std::move(row_));
      row_.clear();
    } else if (arrays_ == depth_ - 1) {
      if (rows_.empty()) fail(place(), "is an empty list");
      steps_.push_back(std::move(rows_));
      rows_.clear();
    }
    if (arrays_ == 1) windows_ = std::move(steps_);
  }

  const std::string& source_;
  std::string key_;
  int objects_ = 0, arrays_ = 0, depth_ = 0;
  LoadBudget budget_{source_};
  std::vector<double> row_;
  LayerLoads rows_;
  std::vector<LayerLoads> steps_, windows_;
  std::vector<int> layer_ids_;
  std::optional<int> top_k_;
  bool ordered_ = false;  ///< steps of other tools may be in any order
};

}  // namespace

LoadSet read_json(std::string_view text, const std::string& source) {
  CountsReader reader(source);
  Json::sax_parse(text, &reader);
  auto loads = reader.take();
  loads.format = "JSON logical_count";
  drop_dense_layers(loads);
  finish_loads(loads);
  return loads;
}

}  // namespace moescope::load_formats
