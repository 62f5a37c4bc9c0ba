// Loads as JSON objects, {layer: {expert: tokens}}, as scripts around MindSpeed and Megatron keep
// them. Read as a stream: nothing but the counts is kept.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "core/loads/files/load_budget.h"
#include "core/loads/read/formats.h"

namespace moescope::load_formats {
namespace {

using Counts = std::map<int, std::vector<double>>;  ///< by layer

bool is_figure(char c) {
  return c >= '0' && c <= '9';
}

/// The number that a name ends in ("3", "layer_3", "layers.3"); nullopt when it has none or one
/// of more than six digits.
std::optional<int> number_of(std::string_view name) {
  std::size_t begin = name.size();
  while (begin > 0 && is_figure(name[begin - 1])) --begin;
  if (begin == name.size() || name.size() - begin > 6) return std::nullopt;
  return std::stoi(std::string(name.substr(begin)));
}

/// Objects of numbers are layers; what holds them is a window, what holds windows is the document.
class LayerObjectReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit LayerObjectReader(const std::string& source) : source_(source) {}

  bool null() override { return other("null"); }
  bool boolean(bool) override { return other("a truth value"); }
  bool number_integer(number_integer_t v) override { return number(static_cast<double>(v)); }
  bool number_unsigned(number_unsigned_t v) override { return number(static_cast<double>(v)); }
  bool number_float(number_float_t v, const string_t&) override { return number(v); }
  bool string(string_t&) override { return other("a text"); }
  bool binary(binary_t&) override { return other("bytes"); }
  bool start_object(std::size_t) override {
    if (keys_.size() >= 3) fail("is nested deeper than windows, layers and experts");
    if (!experts_.empty()) fail("mixes numbers and objects");
    keys_.emplace_back();
    return true;
  }
  bool end_object() override {
    keys_.pop_back();
    if (!experts_.empty())
      end_layer();
    else if (keys_.size() + 1 == layer_level_ && !window_.empty())
      end_window();
    return true;
  }
  bool key(string_t& name) override {
    keys_.back() = name;
    return true;
  }
  bool start_array(std::size_t) override {
    if (!keys_.empty()) other("a list");
    if (in_list_) fail("is a list of lists");
    in_list_ = true;
    return true;
  }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    throw Error(source_, fmt::format("byte {}", position),
                fmt::format("is not valid JSON ({})", error.what()),
                "NaN and cut off files are not read");
  }

  LoadSet take();

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(source_, fmt::format("{}", fmt::join(keys_, ", ")), problem,
                "Expected {layer: {expert: tokens}}, or a list of them");
  }
  bool other(const char* what) { fail(fmt::format("is {}, expected a number of tokens", what)); }
  bool number(double tokens) {
    if (keys_.size() < 2) fail("is a number, expected an object of experts");
    if (layer_level_ == 0) layer_level_ = keys_.size() - 1;
    if (keys_.size() - 1 != layer_level_) fail("stands at another depth than the counts before");
    const auto expert = number_of(keys_.back());
    if (!expert || *expert >= kMaxPlanExperts) fail("is not named by the number of an expert");
    if (experts_.size() >= kMaxPlanExperts) fail("there are more experts than any model has");
    experts_.emplace_back(*expert, tokens);
    return true;
  }
  void end_layer() {
    const auto layer = number_of(keys_.back());
    if (!layer) fail("is not named by the number of a layer");
    std::sort(experts_.begin(), experts_.end());
    const auto count = static_cast<std::size_t>(experts_.back().first) + 1;
    budget_.take_row(count, fmt::format("layer {}", *layer));
    std::vector<double> row(count);
    for (std::size_t i = 0; i < experts_.size(); ++i) {
      if (i > 0 && experts_[i].first == experts_[i - 1].first)
        fail(fmt::format("names expert {} twice", experts_[i].first));
      row[static_cast<std::size_t>(experts_[i].first)] = experts_[i].second;
    }
    if (!window_.emplace(*layer, std::move(row)).second) fail("comes twice");
    budget_.check_layers(window_.size(), fmt::format("layer {}", *layer));
    experts_.clear();
  }
  void end_window() {
    windows_.push_back(std::move(window_));
    window_.clear();
    if (layer_level_ == 2) order_.push_back(number_of(keys_.front()).value_or(-1));
  }

  const std::string& source_;
  LoadBudget budget_{source_};
  std::vector<std::string> keys_;  ///< of the objects that are open
  std::size_t layer_level_ = 0;    ///< 1: a layer is named at the top, 2: below a window
  bool in_list_ = false;
  std::vector<std::pair<int, double>> experts_;  ///< of the layer that is open
  Counts window_;
  std::vector<Counts> windows_;
  std::vector<int> order_;  ///< numbers of named windows
};

LoadSet LayerObjectReader::take() {
  LoadSet loads;
  loads.source = source_;
  loads.format = "JSON {layer: {expert: tokens}}";
  std::set<int> layers;
  std::size_t experts = 0;
  for (const auto& window : windows_)
    for (const auto& [layer, row] : window) {
      layers.insert(layer);
      experts = std::max(experts, row.size());
    }
  if (layers.empty()) throw Error(source_, "", "holds no counts of experts");
  LoadBudget(source_).take(windows_.size(), layers.size(), experts, "all windows");
  for (auto& window : windows_) {
    auto& rows = loads.windows.emplace_back();
    for (const int layer : layers) {
      rows.push_back(std::move(window[layer]));
      rows.back().resize(experts);
    }
  }
  loads.experts = static_cast<int>(experts);
  loads.layer_ids.assign(layers.begin(), layers.end());
  loads.ordered_in_time = std::is_sorted(order_.begin(), order_.end());
  return loads;
}

/// Takes `"name":` off `text`; nullopt when it does not begin so.
std::optional<std::string_view> take_name(std::string_view& text) {
  const auto skip = [&text] {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  };
  skip();
  if (!text.starts_with('"')) return std::nullopt;
  const auto end = text.find('"', 1);
  if (end == std::string_view::npos || end > 64) return std::nullopt;
  const auto name = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  skip();
  if (!text.starts_with(':')) return std::nullopt;
  text.remove_prefix(1);
  skip();
  return name;
}

}  // namespace

LoadSet read_layer_objects(std::string_view text, const std::string& source) {
  LayerObjectReader reader(source);
  nlohmann::json::sax_parse(text, &reader);
  auto loads = reader.take();
  finish_loads(loads);
  return loads;
}

bool begins_with_layer_objects(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n[");
  if (begin == std::string_view::npos) return false;
  text.remove_prefix(begin);
  // Two or three objects in each other around a number: of an expert, of a layer, of a window.
  std::vector<std::string_view> names;
  while (text.starts_with('{') && names.size() < 3) {
    text.remove_prefix(1);
    const auto name = take_name(text);
    if (!name) return false;
    names.push_back(*name);
  }
  const bool counts = !text.empty() && (text.front() == '-' || is_figure(text.front()));
  return counts && names.size() >= 2 && number_of(names[names.size() - 1]) &&
         number_of(names[names.size() - 2]);
}

}  // namespace moescope::load_formats
