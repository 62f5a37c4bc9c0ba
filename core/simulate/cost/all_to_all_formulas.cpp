// Dispatch and combine by library: floors, what SMs can copy, and what links carry.
#include <cmath>

#include "core/simulate/cost/formula.h"
#include "core/simulate/cost/smooth.h"

namespace moescope {
namespace {

constexpr double kHidden = 7168;    ///< constants of hidden size are for DeepSeek-V3's
constexpr double kExperts = 256;    ///< and those of experts for its number
constexpr double kKilo = 1e3;       ///< SM constants are per 1,000 values of a token
constexpr double kFillTokens = 64;  ///< tokens at which the pipeline of a channel is half full
constexpr double kLineRate = 50;    ///< GB/s of a NIC with 400 Gb/s, which nothing exceeds
/// Nodes of one leaf group of switches: within it the network keeps its line rate.
constexpr double kLeafNodes = 4;

double filled(double tokens) {
  return tokens / (tokens + kFillTokens);
}

/// DeepEP normal on one node. Tokens are dealt to sms / 2 channels; a channel reads a token once
/// and writes a copy for each GPU, then NVLink limits.
double normal_node(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<AllToAllWork>(work);
  const double floor = c[0], hidden = c[1], own = c[2], copy = c[3], each = c[4], link = c[5],
               fill = c[6];
  const double values = w.hidden / kKilo;
  const double token =
      smooth_max(3, own * values, copy * w.gpus_visited * values) + each * w.gpus_visited;
  const double by_sms = w.sms > 0 ? w.tokens / w.sms * token : 0;
  const double by_link = w.tokens * w.gpus_visited * w.token_bytes / (link * kBytesPerUs);
  return floor + hidden * w.hidden / kHidden + fill * filled(w.tokens) +
         smooth_max(6, by_sms, by_link);
}

/// DeepEP normal on several nodes, with its notify: SMs deal tokens to channels and forward them;
/// one copy a remote node crosses the network.
double normal_nodes(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<AllToAllWork>(work);
  const double floor = c[0], node = c[1], own = c[2], copy = c[3], near = c[4], far = c[5],
               fill = c[6];
  const double remote = w.nodes_visited * (w.nodes - 1) / w.nodes;
  const double by_sms =
      w.sms > 0 ? w.tokens / w.sms * (own + copy * w.nodes_visited) * w.hidden / kKilo : 0;
  const double by_network =
      w.tokens * remote * w.token_bytes / ((w.nodes <= kLeafNodes ? near : far) * kBytesPerUs);
  return floor + node * (w.nodes - 1) + fill * filled(w.tokens) * w.nodes +
         smooth_max(4, by_sms, by_network);
}

/// DeepEP low latency on one node: a message for each choice, a counter for each expert, and a
/// receiver that gives every expert its own warps, so that few experts cannot drain the link.
double low_latency_node(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<AllToAllWork>(work);
  const double floor = c[0], experts = c[1], hidden = c[2], link = c[3], receive = c[4];
  const double bytes = w.tokens * w.top_k * w.token_bytes;
  return floor + experts * w.experts / kExperts + hidden * w.hidden / kHidden +
         smooth_max(3, bytes / (link * kBytesPerUs), bytes / w.experts / (receive * kBytesPerUs));
}

double low_latency_nodes(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<AllToAllWork>(work);
  const double floor = c[0], node = c[1], network = c[2], link = c[3];
  const double bytes = w.tokens * w.top_k * w.token_bytes;
  return floor + node * std::log2(w.nodes) +
         smooth_max(2, bytes * (w.nodes - 1) / w.nodes / (network * kBytesPerUs),
                    bytes / (link * kBytesPerUs));
}

/// Libraries that were timed from the host: a floor of the launch, then the volume.
double floor_and_volume(std::span<const double> c, double copies, const AllToAllWork& w) {
  const double floor = c[0], start = c[1], link = c[2], message = c[3];
  const double copy = message / kKilo + w.token_bytes / (link * kBytesPerUs);
  return smooth_max(4, floor, start + w.tokens * copies * copy);
}

/// A copy for each GPU of a token.
double once_per_gpu(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<AllToAllWork>(work);
  return floor_and_volume(c, w.gpus_visited, w);
}

/// A copy for each choice of a token.
double once_per_choice(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<AllToAllWork>(work);
  return floor_and_volume(c, w.top_k, w);
}

}  // namespace

std::vector<Formula> all_to_all_formulas() {
  using enum Follows;
  const std::vector<ConstantRule> host_timed = {{"floor_us", Nothing, 50, 0.1, 1e5},
                                                {"start_us", Nothing, 10, 1e-3, 1e5},
                                                {"link_gb_per_s", Link, 0.9, 0.1, 1e5},
                                                {"message_ns", Nothing, 5, 1e-6, 1e6}};
  return {{"normal_node",
           "alltoall",
           {{"floor_us", Nothing, 25, 0.1, 1e4},
            {"hidden_us", Nothing, 5, 1e-6, 1e4},
            {"token_us_sm", Nothing, 0.1, 1e-6, 1e3},
            {"copy_us_sm", Nothing, 0.05, 1e-6, 1e3},
            {"message_us_sm", Nothing, 0.1, 1e-9, 1e3},
            {"link_gb_per_s", Link, 1, 0.1, 1e5},
            {"fill_us", Nothing, 5, 1e-6, 1e4}},
           normal_node},
          {"normal_nodes",
           "alltoall",
           {{"floor_us", Nothing, 50, 0.1, 1e4},
            {"node_us", Nothing, 8, 1e-6, 1e4},
            {"token_us_sm", Nothing, 0.5, 1e-6, 1e3},
            {"copy_us_sm", Nothing, 0.05, 1e-6, 1e3},
            {"network_gb_per_s", Network, 1, 0.1, kLineRate},
            {"far_network_gb_per_s", Network, 0.5, 0.1, 1e5},
            {"fill_us", Nothing, 4, 1e-6, 1e4}},
           normal_nodes},
          {"low_latency_node",
           "alltoall",
           {{"floor_us", Nothing, 8, 0.1, 1e4},
            {"experts_us", Nothing, 3, 1e-6, 1e4},
            {"hidden_us", Nothing, 2, 1e-6, 1e4},
            {"link_gb_per_s", Link, 0.9, 0.1, 1e5},
            {"receive_gb_per_s", Nothing, 10, 1e-3, 1e5}},
           low_latency_node},
          {"low_latency_nodes",
           "alltoall",
           {{"floor_us", Nothing, 20, 0.1, 1e4},
            {"node_us", Nothing, 5, 1e-6, 1e4},
            {"network_gb_per_s", Network, 1, 0.1, 1e5},
            {"link_gb_per_s", Link, 1, 0.1, 1e5}},
           low_latency_nodes},
          {"once_per_gpu", "alltoall", host_timed, once_per_gpu},
          {"once_per_choice", "alltoall", host_timed, once_per_choice}};
}

}  // namespace moescope
