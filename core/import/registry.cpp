#include "core/import/importer.h"

namespace moescope {

const std::vector<const Importer*>& importers() {
  static const std::vector<const Importer*> all = {&kineto_importer(), &nsys_importer()};
  return all;
}

}  // namespace moescope
