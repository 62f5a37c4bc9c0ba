#!/usr/bin/env bash
# Checks plan_change.pml with spin: what must hold under every fault, and that each safeguard is
# needed: without it spin has to find the mistake. `check.sh long` lets two changes follow each
# other under every fault too (minutes and 4 GiB).
set -euo pipefail
model=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/plan_change.pml
changes=1
[ "${1:-}" = long ] && changes=2
source "$(dirname "$model")/verify.sh"

verify HOLDS states -DCHANGES=2
verify HOLDS ends -DCHANGES=2
for fault in FIRST_DIES OTHER_DIES LOSS TWICE; do
  verify HOLDS states -DCHANGES=$changes -DFAULT_$fault
  verify HOLDS ends -DCHANGES=$changes -DFAULT_$fault
done
verify HOLDS kept -DCHANGES=2 -DFAULT_FIRST_DIES

verify BREAKS states -DWITHOUT_GATE
verify BREAKS states -DFLIP_ONE_UNIT
verify BREAKS states -DCOPY_INTO_PLACES_IN_USE
verify BREAKS states -DCHANGES=1 -DFAULT_LOSS -DWITHOUT_NUMBERS
verify BREAKS states -DCHANGES=1 -DFAULT_LOSS -DWITHOUT_NUMBERS -DWITHOUT_EPOCH_CHECK
verify BREAKS states -DCHANGES=1 -DFAULT_TWICE -DWITHOUT_NUMBERS
verify BREAKS kept -DFAULT_FIRST_DIES -DACKNOWLEDGED_BEFORE_DISK
verify BREAKS ends -DCHANGES=1 -DFAULT_LOSS -DWITHOUT_DEADLINE
exit $failed
