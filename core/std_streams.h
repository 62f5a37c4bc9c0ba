// stdout and stderr of a program that prints names out of foreign files.
#pragma once

namespace moescope {

/// Puts a filter before stdout and stderr, so that control characters out of traces and of peers
/// never reach a terminal (see printable()); line feeds and tabs pass. A standard stream that is
/// closed is opened on nothing, so that no file of ours takes its number. Called once, first in
/// main().
void guard_standard_streams();

/// Writes a control sequence of ours (a carriage return, "erase the line") to stderr, unfiltered.
void write_control(const char* sequence);

/// Flushes stdout. Throws Error when anything that was printed did not get out (a full disk, a
/// closed stdout): data that somebody waits for is missing. Called last, before exit code 0.
void require_stdout();

}  // namespace moescope
