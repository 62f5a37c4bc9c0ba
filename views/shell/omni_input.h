// What was typed into the box of the tool bar: a span's name, a command, a step, a layer or SQL.
#pragma once

#include <QString>

namespace moescope {

enum class OmniKind { Spans, Commands, Step, Layer, Sql };

struct OmniInput {
  OmniKind kind = OmniKind::Spans;
  QString text;  ///< without the prefix and blanks around
};

/// ">" begins a command, "#" a step's number, "@" a layer's, "=" or "sql " a query; all else is a
/// span's name.
OmniInput read_omni_input(const QString& typed);

}  // namespace moescope
