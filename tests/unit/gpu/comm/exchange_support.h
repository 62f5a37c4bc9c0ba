// Layers of random tokens for tests of exchanges, on the CPU, of steps, and on a GPU.
#pragma once

#include <random>
#include <vector>

#include "gpu/comm/exchange/exchange.h"

namespace moescope::runtime::test {

inline constexpr int kHidden = 12, kChoices = 4, kSlotsPerRank = 3;

/// A layer of random tokens through an exchange.
struct Layer {
  std::vector<std::vector<Choice>> choices;  ///< [member][token * kChoices]
  std::vector<std::vector<float>> x;         ///< [member][token * kHidden]

  Choices choices_of(std::size_t member) const {
    return {choices[member].data(), static_cast<int>(choices[member].size()) / kChoices, kChoices};
  }
};

inline Layer random_layer(const Group& group, int max_tokens, std::mt19937& random) {
  Layer layer;
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int member = 0; member < group.size; ++member) {
    const int tokens = member == 0 ? 0 : below(max_tokens + 1);  // one member has nothing to send
    auto& choices = layer.choices.emplace_back();
    auto& x = layer.x.emplace_back();
    for (int i = 0; i < tokens * kHidden; ++i)
      x.push_back(static_cast<float>(below(2000) - 1000) / 777.0F);
    for (int i = 0; i < tokens * kChoices; ++i)
      choices.push_back({below(group.size * kSlotsPerRank), i % kChoices,
                         static_cast<float>(below(100)) / 97.0F});
  }
  return layer;
}

/// What the expert in `slot` makes of x.
inline float expert(int slot, float x) {
  return x * static_cast<float>(slot + 1) + 0.3F;
}

/// The outputs of the experts of `member` for what arrived.
inline std::vector<float> outputs_of(int member, const ArrivedRows& arrived) {
  std::vector<float> outputs;
  for (int slot = 0; slot < kSlotsPerRank; ++slot)
    for (int i = arrived.offsets[slot] * kHidden; i < arrived.offsets[slot + 1] * kHidden; ++i)
      outputs.push_back(expert(member * kSlotsPerRank + slot, arrived.x[i]));
  return outputs;
}

/// Runs `layer` on all members in turn, one call after the other; returns the sums by member.
inline std::vector<std::vector<float>> run_in_turn(Exchange& exchange, const Layer& layer) {
  SerialTeam team;
  const int size = exchange.wire().group.size;
  std::vector<std::vector<float>> sums(layer.x.size()), outputs(layer.x.size());
  const auto each = [&](const auto& call) {
    for (int member = 0; member < size; ++member) call(member, static_cast<std::size_t>(member));
  };
  each([&](int member, std::size_t m) {
    exchange.send(member, layer.x[m].data(), layer.choices_of(m), 1, team);
  });
  each([&](int member, std::size_t) { exchange.forward(member, team); });
  each([&](int member, std::size_t m) {
    exchange.receive(member, team);
    outputs[m] = outputs_of(member, exchange.group(member, team));
  });
  each(
      [&](int member, std::size_t m) { exchange.return_outputs(member, outputs[m].data(), team); });
  each([&](int member, std::size_t) { exchange.reduce_node(member, team); });
  each([&](int member, std::size_t m) {
    exchange.await_outputs(member, team);
    sums[m].resize(layer.x[m].size());
    exchange.collect(member, sums[m].data(), team);
  });
  return sums;
}

}  // namespace moescope::runtime::test
