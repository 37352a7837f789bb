#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Golden: a task on CPU 0 wakes one on CPU 1.
#
# On teach-uma-4 a switch to a task costs 1 us, a wakeup across CPUs of one LLC takes 1 us until the
# other CPU reacts, leaving idle nothing, an exit 10 us.
#
#   0           threads start as if CPU 0 had woken them: the IPI reaches CPU 1 at 1 us
#   1 us        wakee on CPU 1: switched to (1 us), finds the semaphore at 0 and blocks at 2 us
#   0           waker on CPU 0: 1 us switch, 1 ms of work: signals at 1.001 ms, then 1 ms more of work,
#               and 10 us of exit: gone at 2.011 ms
#   1.001 ms    sched_waking; the IPI arrives at 1.002 ms: sched_wakeup
#   1.002 ms    CPU 1 is idle and switches at once: the wakeup latency is 0, that from sched_waking
#               1 us. 1 us switch, 500 us of work, 10 us of exit: gone at 1.513 ms
. "$(dirname "$0")/golden.sh"

cat >wake.yaml <<'Y'
numasim: workload/1
description: one signal
objects:
  go: {semaphore: 0}
processes:
  p:
    threads:
      waker: {cpus: 0, program: [run: 1ms, signal: go, run: 1ms]}
      wakee: {cpus: 1, program: [wait: go, run: 500us]}
Y
simulate wake -t teach-uma-4 -p fifo-none
ends wake 2011000
ran wake '0,0,2011000,0,waker
1,1000,2000,1,wakee
1,1002000,1513000,1,wakee'
metric wake comm.wakee.waking_latency_ns.max 1000
# Three switches and two exits.
metric wake cpu.overhead_ns 23000
metric wake cpu.busy_ns 2500000
done_testing
