#include "core/import/importer.h"

namespace moescope {

#define MOESCOPE_IMPORTER(name) const Importer& name##_importer();
#include "core/import/importers.inc"
#undef MOESCOPE_IMPORTER

const std::vector<const Importer*>& importers() {
#define MOESCOPE_IMPORTER(name) &name##_importer(),
  static const std::vector<const Importer*> all = {
#include "core/import/importers.inc"
  };
#undef MOESCOPE_IMPORTER
  return all;
}

const Importer* find_importer(std::string_view name) {
  for (const Importer* importer : importers())
    if (importer->name() == name) return importer;
  return nullptr;
}

}  // namespace moescope
