#include "gpu/node/backends.h"

#include "core/error.h"

namespace moescope::runtime {

#define MOESCOPE_BACKEND(name) const Backend& name##_backend();
#include "gpu/node/backends.inc"
#undef MOESCOPE_BACKEND

const std::vector<const Backend*>& backends() {
#define MOESCOPE_BACKEND(name) &name##_backend(),
  static const std::vector<const Backend*> all = {
#include "gpu/node/backends.inc"
  };
#undef MOESCOPE_BACKEND
  return all;
}

const Backend& find_backend(const std::string& name) {
  std::string names;
  for (const Backend* backend : backends()) {
    if (backend->name() == name) return *backend;
    names += (names.empty() ? "" : backend == backends().back() ? " or " : ", ");
    names += backend->name();
  }
  throw Error("--backend", name, "there is no such backend", "use " + names);
}

std::string backends_help() {
  std::string text;
  for (const Backend* backend : backends()) {
    const std::string help = backend->help();
    text += (text.empty() ? "" : "; ") + std::string(backend->name()) +
            (help.empty() ? "" : ": " + help);
  }
  return text;
}

std::string devices_text(bool json) {
  std::string text;
  for (const Backend* backend : backends()) {
    const std::string one = backend->devices(json);
    if (!one.empty()) text += (text.empty() ? "" : "\n") + one;
  }
  return text;
}

}  // namespace moescope::runtime
