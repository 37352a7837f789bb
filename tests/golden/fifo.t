#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Golden: two hogs on one CPU, first come, first served.
#
# On teach-uma-4 a switch to a task costs 1 us, an exit 10 us, a tick nothing. Both tasks are there at
# 0, a first. It has the CPU for 1 us (switch) + 10 ms (work) + 10 us (exit) = 10.011 ms, during which
# b waits; then b for the same time. So the run ends at 20.022 ms; work is 20 ms, overhead twice 11 us,
# and idling is what is left of 4 CPUs: 4 * 20.022 - 20.022 = 60.066 ms. Switches: to a, to b, to idle.
. "$(dirname "$0")/golden.sh"

cat >hogs.yaml <<'Y'
numasim: workload/1
description: two hogs on one CPU
processes:
  p:
    threads:
      a: {cpus: 0, program: [run: 10ms]}
      b: {cpus: 0, program: [run: 10ms]}
Y
simulate hogs -t teach-uma-4 -p fifo-none
ends hogs 20022000
ran hogs '0,0,10011000,0,a
0,10011000,20022000,1,b'
metric hogs cpu.busy_ns 20000000
metric hogs cpu.overhead_ns 22000
metric hogs cpu.idle_ns 60066000
metric hogs context_switches 3
metric hogs comm.a.run_delay_ns.max 0
metric hogs comm.b.run_delay_ns.max 10011000
metric hogs preemptions 0
# Both may run on CPU 0 alone, so no idle CPU is wasted.
metric hogs cpu.wasted_ns 0
done_testing
