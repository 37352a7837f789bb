#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: cpuset partitions of a workload: who runs where, and what is refused.
. "$(dirname "$0")/tap.sh"

# workload ISOLATED [ADMIN]: hogs outside, in a partition of two CPUs, and in an isolated one.
workload() {
    cat >parts.yaml <<EOF
numasim: workload/1
duration: 200ms
cgroups:
  pair: {cpus: 2-3, partition: root}
  alone: {cpus: "$1", partition: isolated}
processes:
  free: {threads: {free: {count: 6, program: [{run: 1s}]}}}
  inside: {cgroup: pair, threads: {inside: {count: 3, program: [{run: 1s}]}}}
  shut: {cgroup: alone, threads: {shut: {count: 2, program: [{run: 1s}]}}}
${2:-}
EOF
}

simulate() {
    rm -rf run
    call "$NUMASIM" run -t teach-numa-2x4 -w ./parts.yaml -p linux-6.12 "$@"
}

# cpus_of COMM: the CPUs on which it ran, in order.
cpus_of() {
    awk -F, -v comm="$1" '$5 == comm {print $1}' run/occupancy.csv | sort -nu | tr '\n' ' '
}

workload 1
simulate -o run --occupancy
ok 'a workload with partitions runs' test "$status" -eq 0
ok 'tasks outside stay outside' test "$(cpus_of free)" = '0 4 5 6 7 '
ok 'those of a partition have its CPUs' test "$(cpus_of inside)" = '2 3 '
ok 'and those of an isolated one' test "$(cpus_of shut)" = '1 '
workload 6-7
simulate -o run --occupancy
# Nothing balances there: both hogs stay where wakeup put them, which is on one CPU each.
ok 'nothing is moved in an isolated partition' \
    test "$(awk -F, '$5 == "shut" {print $1, $4}' run/occupancy.csv | sort -u | wc -l)" -eq 2

workload 1 'admin: [{at: 50ms, offline: 5}]'
simulate -o run --occupancy
ok 'hot-plug outside keeps the partitions' test "$(cpus_of inside)$(cpus_of shut)" = '2 3 1 '

workload 1
simulate -w ./parts.yaml
ok 'two workloads cannot have one CPU' refused 2 "has CPUs of another workload's partition"
call "$NUMASIM" run -t teach-numa-2x4 -w ./parts.yaml:replicas=2 -p linux-6.12
ok 'nor can replicas' refused 2 'would be made by each replica'
workload 0-1,4-7
simulate
ok 'a CPU must be left outside' refused 2 'leaves no online CPU outside'
workload 19
simulate
ok 'a partition has CPUs of the machine' refused 2 "parts.yaml:5:3: partition 'alone': '19'"

done_testing
