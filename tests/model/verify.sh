# To be sourced with $model set: verify, and $failed for the end.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0

# verify HOLDS|BREAKS states|kept|ends [-DMACRO...]
#   states: assertions and deadlocks; kept, ends: the claim of that name
verify() {
  local wanted=$1 what=$2 found run=() compile=(-O2 -w -DCOLLAPSE)
  shift 2
  case $what in
    states) compile+=(-DSAFETY -DNOCLAIM) ;;
    kept) compile+=(-DSAFETY) run+=(-N kept) ;;
    ends) compile+=(-DNFAIR=3) run+=(-a -f -N ends) ;;
  esac
  spin -a "$@" "$model" >spin.log 2>&1 || { cat spin.log; exit 1; }
  gcc "${compile[@]}" -o pan pan.c
  ./pan "${run[@]}" -m1000000 -w24 >pan.log 2>&1 || true
  # A search that was cut short proves nothing.
  if grep -qE 'out of memory|max search depth too small|aborting|search truncated' pan.log; then
    cat pan.log; exit 1
  fi
  found=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log)
  [ -n "$found" ] || { cat pan.log; exit 1; }
  local verdict=ok
  if { [ "$wanted" = HOLDS ] && [ "$found" != 0 ]; } || { [ "$wanted" = BREAKS ] && [ "$found" = 0 ]; }; then
    verdict=FAILED failed=1
    grep -m3 -E 'assertion|invalid end|acceptance' pan.log || true
  fi
  printf '%-6s  %-6s %-6s %12s states  %s\n' "$verdict" "$wanted" "$what" \
    "$(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)" "$*"
}
