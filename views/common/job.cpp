#include "views/common/job.h"  // for the meta-object compiler
