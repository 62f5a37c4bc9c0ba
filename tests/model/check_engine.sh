#!/usr/bin/env bash
# Checks engine_plan.pml with spin: what must hold under every fault, and that each safeguard is needed: without it
# spin has to find the mistake.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
model=$here/engine_plan.pml
source "$here/verify.sh"

for fault in NONE MUTE VETO LOST_ANSWER; do
  verify HOLDS states -DRANKS=2 -DPLANS=2 -DFAULT_$fault
  verify HOLDS ends -DRANKS=2 -DPLANS=2 -DFAULT_$fault
done
verify HOLDS states -DRANKS=3 -DPLANS=1

verify BREAKS states -DRANKS=2 -DPLANS=1 -DWITHOUT_WAIT
verify BREAKS states -DRANKS=2 -DPLANS=1 -DWITHOUT_LOOK_AT_PASS
verify BREAKS states -DRANKS=2 -DPLANS=1 -DLOOK_BEFORE_NOTE
verify BREAKS states -DRANKS=2 -DPLANS=2 -DONE_WORD
verify BREAKS states -DRANKS=2 -DPLANS=2 -DCLEAR_ALWAYS
verify BREAKS states -DRANKS=3 -DPLANS=1 -DCOMMIT_BY_MAJORITY
verify BREAKS states -DRANKS=2 -DPLANS=1 -DFAULT_LOST_ANSWER -DABORT_ON_ERROR
exit $failed
