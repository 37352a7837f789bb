#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: where the balancers of Linux's releases let tasks end up, seen from outside.
. "$(dirname "$0")/tap.sh"
topologies=$(dirname "$tests")/topologies

# unlike KEY LOW HIGH: teach-uma-4 with eight CPUs, KEY being LOW for 0-3 and HIGH for 4-7.
unlike() {
    sed '/^cpus:/,$d' "$topologies/teach-uma-4.yaml"
    echo 'cpus:'
    echo '  list:'
    for cpu in 0 1 2 3 4 5 6 7; do
        value=$2
        [ "$cpu" -lt 4 ] || value=$3
        echo "    - {cpus: $cpu, core: $cpu, llc: 0, package: 0, node: 0, $1: $value}"
    done
    echo '  source: a test'
    sed -n '/^memory:/,$p' "$topologies/teach-uma-4.yaml"
}
unlike capacity 446 1024 >little.yaml
unlike priority 10 20 >ranked.yaml

cat >three.yaml <<'Y'
numasim: workload/1
description: three tasks that never sleep
sources: [a test]
duration: 1s
processes:
  spinners:
    threads:
      spinner:
        count: 3
        program:
          - forever:
              - run: 1ms
Y
# cpus FROM-NS: those that run a task from then to the end.
cpus() {
    awk -F, -v from="$1" 'NR > 1 && $3 > from { print $1 }' out.d/occupancy.csv | sort -un | tr '\n' ' '
}
within() {
    [ "$status" -eq 0 ] || { cat err; return 1; }
    for cpu in $(cpus 500000000); do
        [ "$cpu" -ge 4 ] || { echo "a task on CPU $cpu"; return 1; }
    done
}
for release in 6.1 6.12 7.3; do
    for machine in little ranked; do
        call "$NUMASIM" run -t ./$machine.yaml -w ./three.yaml -p linux-$release -d 1s --warmup 0s \
            --occupancy -o out.d --force
        ok "$release: three tasks end up on the better half of $machine" within
    done
done

# Eight pinned tasks on two sockets, one CPU of each of eight LLCs allowed: f5b2eeb49991, in 6.0, counts
# only those for what a node may keep. Before, all new tasks stay on the first socket.
cat >pinned.yaml <<'Y'
numasim: workload/1
description: one task that starts seven, all on the same eight CPUs
sources: ["what commit f5b2eeb49991 says of STREAM on eight CPUs"]
duration: 1s
processes:
  stream:
    threads:
      main:
        cpus: "0,16,32,48,64,80,96,112"
        program:
          - run: 3ms
          - fork: {group: worker, count: 7}
          - forever:
              - run: 10ms
      worker:
        count: 0 # started by `fork`
        cpus: "0,16,32,48,64,80,96,112"
        program:
          - forever:
              - run: 10ms
Y
for release in 5.17 5.18 6.1 6.12; do
    call "$NUMASIM" run -t epyc-7763-2s-nps1 -w ./pinned.yaml -p linux-$release -d 8ms --warmup 0s \
        --occupancy -o out.d --force
    case $release in
    5.*) expected='0 16 32 48 ' ;;
    *) expected='0 16 32 48 64 80 96 112 ' ;;
    esac
    ok "$release: eight tasks are first placed on CPUs $expected" test "$(cpus 0)" = "$expected"
done
done_testing
