# shellcheck shell=bash
# Read by .ci/run and scripts/check_long: named stages and the table of them at the end.
jobs=$(nproc)
started=$SECONDS
summary=()
failed=0

# run_stage NAME WHAT COMMAND...: runs it in a shell that stops at the first error.
run_stage() {
  local name=$1 what=$2 begin=$SECONDS status=0 result=passed
  shift 2
  printf '\n==== %s: %s\n' "$name" "$what"
  (
    set -e
    "$@"
  )
  status=$?
  if [ "$status" -ne 0 ]; then
    result="FAILED ($status)"
    failed=1
  fi
  printf '==== %s: %s after %d s\n' "$name" "$result" $((SECONDS - begin))
  summary+=("$(printf '%-22s %-14s %5d s' "$name" "$result" $((SECONDS - begin)))")
  return "$status"
}

# end_stages: prints the table; the status is 1 if a stage has failed or none was run.
end_stages() {
  printf '\n==== summary\n'
  if [ "${#summary[@]}" -eq 0 ]; then
    echo "no stage was run"
    return 1
  fi
  printf '%s\n' "${summary[@]}"
  printf '%-22s %-14s %5d s\n' "all" "$([ "$failed" -eq 0 ] && echo passed || echo FAILED)" $((SECONDS - started))
  return "$failed"
}

build_and_ctest() { # build_and_ctest PRESET [CMAKE-OPTION...]
  local preset=$1
  shift
  cmake --preset "$preset" "$@"
  cmake --build --preset "$preset" --parallel "$jobs"
  ctest --preset "$preset" --no-label-summary --parallel "$jobs"
}
only_build() { # only_build PRESET WHAT [CMAKE-OPTION...]: what this processor cannot run must still compile
  local preset=$1 what=$2
  shift 2
  cmake --preset "$preset" -DCMAKE_CXX_FLAGS_RELEASE=-O1 "$@" # code that is not run need not be fast
  cmake --build --preset "$preset" --parallel "$jobs"
  echo "$what: built, not run"
}
has_level() { # has_level v3|v4: whether this processor runs what -march=x86-64-v3 or v4 compiles
  local flag flags=(avx2 bmi1 bmi2 f16c fma abm movbe)
  if [ "$1" = v4 ]; then flags+=(avx512f avx512bw avx512cd avx512dq avx512vl); fi
  for flag in "${flags[@]}"; do grep -qw "$flag" /proc/cpuinfo || return 1; done
}
on_x86_64() { [ "$(uname -m)" = x86_64 ]; }
