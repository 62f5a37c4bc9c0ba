// stdout and stderr of a program that prints names from foreign files.
#pragma once

namespace moescope {

/// Puts a filter before stdout and stderr, so that control characters out of traces and of peers
/// never reach a terminal (see printable()); line feeds and tabs pass. Closed standard streams are
/// opened on /dev/null, so that no other file gets their descriptors. Called once, first in main().
void guard_standard_streams();

/// Writes a control sequence of the program (a carriage return, "erase the line") to stderr,
/// unfiltered.
void write_control(const char* sequence);

/// Flushes stdout. Throws Error when not all output was written (a full disk, a closed stdout).
/// Called last, before exit code 0.
void require_stdout();

}  // namespace moescope
