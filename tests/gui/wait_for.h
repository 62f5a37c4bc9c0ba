// Waiting in tests with a window.
#pragma once

#include <QTest>
#include <functional>

namespace moescope::test {

/// Runs the event loop until `done`; false when that took longer than two minutes. Patient, as
/// sanitizers and busy machines are slow; it costs time only when the test fails.
inline bool wait_for(const std::function<bool()>& done) {
  return QTest::qWaitFor(done, 120000);
}

}  // namespace moescope::test
