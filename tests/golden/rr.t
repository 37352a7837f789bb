#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Golden: two hogs on one CPU take turns of 4 ms, ended by a timer.
#
# On teach-uma-4 a switch to a task costs 1 us, an exit 10 us. a is switched to (1 us) and works; its
# slice of 4 ms begins at the switch, so it has worked 3.999 ms when b gets the CPU. Of 6 ms of work:
#
#   a     0      ..  4.000    1 us switch, 3.999 ms work, 2.001 ms left
#   b     4.000  ..  8.000    the same
#   a     8.000  .. 10.012    1 us switch, 2.001 ms work, 10 us exit
#   b    10.012  .. 12.024    the same
#
# Overhead: four switches and two exits, 24 us.
. "$(dirname "$0")/golden.sh"

cat >turns.yaml <<'Y'
numasim: workload/1
description: two hogs on one CPU
processes:
  p:
    threads:
      a: {cpus: 0, program: [run: 6ms]}
      b: {cpus: 0, program: [run: 6ms]}
Y
simulate turns -t teach-uma-4 -p rr-none --set queue.slice=4ms --set queue.hrtick=true
ends turns 12024000
ran turns '0,0,4000000,0,a
0,4000000,8000000,1,b
0,8000000,10012000,0,a
0,10012000,12024000,1,b'
metric turns cpu.overhead_ns 24000
metric turns preemptions 2
metric turns context_switches 5
done_testing
