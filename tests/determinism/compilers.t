#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: gcc -O3 over the whole program, gcc -O0 and clang -O3 give the same bytes.
. "$(dirname "$0")/../cli/tap.sh"
[ -x "${NUMASIM_GCC_O0:-}" ] || [ -x "${NUMASIM_CLANG_O3:-}" ] ||
    skip_all 'NUMASIM_GCC_O0 and NUMASIM_CLANG_O3 name no commands'

# same RUN ARGUMENT...: result.json and series of each build.
same() {
    run=$1
    shift
    "$NUMASIM" run "$@" --series 20ms -o "$run-0" >table-0 || return 1
    for other in "${NUMASIM_GCC_O0:-}" "${NUMASIM_CLANG_O3:-}"; do
        [ -x "$other" ] || continue
        rm -rf "$run-1"
        "$other" run "$@" --series 20ms -o "$run-1" >table-1 || return 1
        diff -r "$run-0" "$run-1" && cmp table-0 table-1 || return 1
    done
}

ok 'requests and memory on eight nodes' \
    same nodes -t epyc-7763-2s-nps4 -w db-server:replicas=4 -p linux-6.12 -d 1s
ok 'a recorded trace where it was recorded' same trace -t epyc-2cpu-vm -w pgbench-select -p linux-6.12
ok 'two traces on a larger machine' \
    same traces -t teach-numa-2x4 -w nginx-wrk -w pgbench-select:replicas=2 -p eevdf-random --seed 7
ok 'messages under fifo' same messages -t teach-uma-4 -w hackbench -p fifo-none
ok 'shares under round robin' same shares -t teach-uma-4 -w teach-shares -p rr-none -d 1s
ok 'STREAM with HBM and DRAM' same stream -t xeon-max-9470c-2s-flat -w stream -p linux-6.12
ok 'forks, 6.1 domains, plain order' \
    same forks -t opteron-6276-4s -w fork-join -p linux-6.12 --kernel 6.1 --tie-break insertion
done_testing
