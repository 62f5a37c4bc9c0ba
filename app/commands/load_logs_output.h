// Balance series and wait matrices of logs as JSON and text, for `moescope loads`.
#pragma once

#include "app/commands/json_output.h"
#include "core/loads/open/open_loads.h"

namespace moescope {

Json balance_log_json(const BalanceLog& log);
Json wait_log_json(const WaitLog& log);
void print_balance_log(const BalanceLog& log);
void print_wait_log(const WaitLog& log);

}  // namespace moescope
