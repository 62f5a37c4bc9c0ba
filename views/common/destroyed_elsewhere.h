// Results so large that freeing them would hold the window.
#pragma once

#include <QThreadPool>
#include <memory>
#include <utility>

namespace moescope {

/// The same object, but whoever its last owner is, it is destroyed on a thread of its own.
template <typename T>
std::shared_ptr<T> destroyed_elsewhere(std::shared_ptr<T> object) {
  T* const place = object.get();
  return {place, [object = std::move(object)](T*) mutable {
            auto* pool = QThreadPool::globalInstance();
            if (pool != nullptr) pool->start([last = std::exchange(object, nullptr)] {});
          }};
}

}  // namespace moescope
