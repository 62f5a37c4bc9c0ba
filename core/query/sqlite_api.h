// SQLite's functions: linked into the program; taken from the host's table in the loadable
// extension.
#pragma once

#ifdef MOESCOPE_SQLITE_EXTENSION
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3
#else
#include <sqlite3.h>
#endif
