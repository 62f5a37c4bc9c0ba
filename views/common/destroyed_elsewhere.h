// Results so large that freeing them would hold the window.
#pragma once

#include <memory>
#include <utility>

#include "core/executor.h"

namespace moescope {

/// The same object; its last owner leaves its destruction to the executor.
template <typename T>
std::shared_ptr<T> destroyed_elsewhere(std::shared_ptr<T> object) {
  T* const place = object.get();
  return {place, [object = std::move(object)](T*) mutable {
            Executor::shared().run([last = std::exchange(object, nullptr)] {});
          }};
}

}  // namespace moescope
