// Tokens of the experts under the synthetic skew that published kernel measurements use.
//
// A "power law a" row of such a table says that each expert drew a weight from the density x^-a,
// that tokens were shared out by the weights, and that the most loaded GPU was timed. The time of a
// row is predicted by averaging over such draws, because it is not linear in the tokens: with few
// tokens a skewed draw touches fewer experts and is faster than an even one.
#pragma once

#include <cstdint>
#include <vector>

namespace moescope {

/// Who gets the tokens that are left over when shares are rounded.
enum class Leftover : std::uint8_t {
  Random,  ///< experts with the fewest, at random where these are equal
  Lowest   ///< of these the one with the lowest number, so that they pile up on few GPUs
};

struct SkewCase {
  int tokens = 0;  ///< of all GPUs
  int experts = 0, top_k = 0;
  int gpus = 1;           ///< divides the slots
  int slots = 0;          ///< of all GPUs; more than experts only when balanced
  double exponent = 1;    ///< a, > 0
  bool balanced = false;  ///< replicas and places of the experts by EPLB
  Leftover leftover = Leftover::Random;
};

/// The most loaded GPU of one draw.
struct RankDraw {
  std::vector<double> slots;  ///< [slot of the GPU] tokens
  double tokens = 0;          ///< different tokens that arrive
};

/// @pre top_k <= experts; experts divide over the GPUs unless balanced
/// The same seed gives the same draws on every machine.
std::vector<RankDraw> draw_most_loaded(const SkewCase& skew, int draws, std::uint64_t seed);

}  // namespace moescope
