#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Golden: the first touch places memory, and latency stretches work.
#
# Two nodes, local latency 100 ns, remote 200 ns; no cost but those. `near` touches a region of 4 MiB
# on node 0, `far` one on node 1: 1024 pages of 4 KiB each, at no cost. Then both run on CPU 0 for 10 ms
# of work with one miss per us, one at a time (mlp 1):
#
#   near    10 ms + 10,000 misses * 100 ns = 11 ms
#   far     10 ms + 10,000 misses * 200 ns = 12 ms
#
# With two misses in flight (mlp 2) each miss costs half: 10.5 and 11 ms.
#
# A pace, wall time per time of work, is held in units of 2^-20 (1048576 to one) and rounded down
# (sim/kernel/pace.c); the end of the work is rounded up to a nanosecond:
#
#   near      0.1 -> 104857        10 ms * (1048576 + 104857) / 1048576 = 10999994.3 -> 10999995 ns
#   far       0.2 -> 209715        10 ms * (1048576 + 209715) / 1048576 = 11999998.1 -> 11999999 ns
#   near-two  0.05 -> 52428        10499992.4 -> 10499993 ns
#   far-two   0.1 -> 104857        10999994.3 -> 10999995 ns
. "$(dirname "$0")/golden.sh"

cat >two-nodes.yaml <<'Y'
numasim: topology/1
description: two nodes of one CPU, costs all zero
arch: x86_64
cpus: {packages: 2, cores-per-llc: 1, source: made up for this test}
memory: {nodes: [{nodes: 0-1, size: 1GiB}], source: made up for this test}
distances: {matrix: [[10, 20], [20, 10]], source: made up for this test}
latency: {by-distance: {10: 100ns, 20: 200ns}, source: made up for this test}
caches: {llc: 1MiB, source: made up for this test}
costs:
  context-switch: 0us
  wakeup: 0us
  wakeup-ipi: {self: 0us, core: 0us, llc: 0us, node: 0us, package: 0us, remote: 0us}
  idle-exit: 0us
  fork: 0us
  exit: 0us
  tick: 0us
  balance-pass: 0us
  balance-cpu: 0us
  migration: {self: 0us, core: 0us, llc: 0us, node: 0us, package: 0us, remote: 0us}
  page-fault: 0us
  page-zero: 0B/s
  page-move: 0us
  page-move-copy: 10GB/s
  hint-fault: 0us
  smt-pace: 100%
  source: made up for this test
Y

# reader NAME NODE MLP: one thread touches on the CPU of NODE, another reads from CPU 0.
reader() {
    cat >"$1.yaml" <<Y
numasim: workload/1
description: one touches, one reads
objects:
  go: {semaphore: 0}
processes:
  p:
    regions:
      r: {size: 4MiB}
    threads:
      toucher: {cpus: $2, program: [touch: r, signal: go]}
      reader:
        cpus: 0
        program: [wait: go, access: {misses: {r: 1/us}, mlp: $3}, run: 10ms]
Y
    simulate "$1" -t two-nodes.yaml -p fifo-none
}

reader near 0 1
ends near 10999995
metric near memory.used_bytes.node0 4194304
metric near memory.used_bytes.node1 0
metric near memory.accesses 10000
metric near memory.latency_ns.mean 100
metric near memory.local_access_ratio 1.000000

reader far 1 1
ends far 11999999
metric far memory.used_bytes.node1 4194304
metric far memory.accesses 10000
metric far memory.latency_ns.mean 200
metric far memory.local_access_ratio 0.000000

reader near-two 0 2
ends near-two 10499993
reader far-two 1 2
ends far-two 10999995
metric far-two memory.accesses 10000
done_testing
