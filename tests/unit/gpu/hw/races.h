// Races that ThreadSanitizer sees in planted bugs: counted instead of reported.
#pragma once

namespace moescope::runtime::test {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kRacesAreSeen = true;
#else
inline constexpr bool kRacesAreSeen = false;
#endif

/// While it lives races are counted and are no failure of the program. One at a time.
class ExpectedRaces {
 public:
  ExpectedRaces();
  ~ExpectedRaces();
  ExpectedRaces(const ExpectedRaces&) = delete;
  ExpectedRaces& operator=(const ExpectedRaces&) = delete;
  int count() const;  ///< 0 in builds without ThreadSanitizer
};

}  // namespace moescope::runtime::test
