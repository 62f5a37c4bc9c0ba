#include "gpu/engine/backend.h"

#include "core/error.h"

namespace moescope::runtime {
namespace {

[[noreturn]] void refuse_to_serve(const Backend& backend) {
  throw Error("--backend", backend.name(), "runs single layers only, it cannot serve");
}

}  // namespace

void Backend::use_devices(const std::string& list) const {
  throw Error("--gpus", list, std::string("--backend ") + name() + " uses no GPU",
              "give --backend cuda, or leave --gpus out");
}

std::string Backend::devices(bool) const {
  return "";
}

void Backend::check_room(const EngineOptions&, const ModelConfig&, int, const LayoutHost&) const {
  refuse_to_serve(*this);
}

std::unique_ptr<Unit> Backend::make_unit(const UnitParts&) const {
  refuse_to_serve(*this);
}

}  // namespace moescope::runtime
