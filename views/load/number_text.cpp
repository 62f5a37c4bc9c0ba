#include "views/load/number_text.h"

#include <QLocale>
#include <cmath>

namespace moescope {

QString number_text(double value, int decimals) {
  return QLocale(QLocale::English, QLocale::UnitedStates).toString(value, 'f', decimals);
}

QString tokens_text(double tokens) {
  return number_text(tokens, std::abs(tokens - std::round(tokens)) < 1e-6 ? 0 : 1);
}

}  // namespace moescope
