// Numbers in the texts of load views: thousands separated, a fixed number of decimals.
#pragma once

#include <QString>

namespace moescope {

QString number_text(double value, int decimals);
/// Whole where tokens are, else one decimal: shares of replicas are fractions.
QString tokens_text(double tokens);

}  // namespace moescope
