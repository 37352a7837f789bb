#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: numasim diff: where two runs part, and where the time went.
. "$(dirname "$0")/tap.sh"

simulate() {
    "$NUMASIM" run -t teach-numa-2x4 -w schbench -d 60ms --warmup 0s "$@" >/dev/null
}
simulate -p linux-6.12 -o new
simulate -p fifo-none -o old
simulate -p linux-6.12 --seed 2 -o seed
call "$NUMASIM" diff old new
ok 'two runs are held against each other' test "$status" -eq 0
ok 'they part somewhere' grep -q '^The schedules part at event [0-9]' out
ok 'by a decision of a policy, which says why' grep -Eq '^    (decided:|        ) balance.* of linux-balance for .* chose' out
ok 'with who had how much to do' grep -q '^    then:    idle CPUs: ' out
ok 'the time is divided' grep -Eq '^  tasks of +number +time +.*waiting' out
cp out first
call "$NUMASIM" diff old new
ok 'the same again' cmp first out
call "$NUMASIM" diff new new
ok 'a run is equal to itself' grep -q '^The schedules are the same' out
call "$NUMASIM" diff --format json old new
ok 'JSON' is_json out
ok 'has its schema' grep -q '"schema": "numasim-diff/1"' out
refuses 2 'are of different workloads, seeds or durations' diff old seed
refuses 2 'nowhere: cannot be read' diff old nowhere
rm new/schbench.yaml
refuses 2 "no copy of the workload 'schbench'" diff old new

# A set, what it extends and a workload, all of one file name or another's: the copies are told apart.
mkdir -p p
cp "$tests/../workloads/schbench.yaml" mine.yaml
cp "$tests/../workloads/fork-join.yaml" below.yaml
cp "$tests/../topologies/teach-numa-2x4.yaml" teach.yaml
printf 'numasim: policy-set/1\nextends: linux-6.12\n' >p/below.yaml
printf 'numasim: policy-set/1\nextends: below\n' >p/mine.yaml
printf 'numasim: policy-set/1\nextends: below\n' >p/teach.yaml
for set in mine below teach; do
    "$NUMASIM" run -t ./teach.yaml -w ./mine.yaml -w ./below.yaml -d 20ms --warmup 0s -p "p/$set.yaml" -o "same/$set" >/dev/null
    call "$NUMASIM" trace "same/$set"
    ok "a set named like another input: $set" test "$status" -eq 0
done
call "$NUMASIM" diff same/mine same/teach
ok 'and two such runs' grep -q '^The schedules are the same' out

done_testing
