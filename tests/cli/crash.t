#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: a plugin that crashes the process or leaves it, and what dies for want of memory.
. "$(dirname "$0")/tap.sh"
plugin=$(dirname "$(readlink -f "$NUMASIM")")/tests/plugins/crash.so

simulate() {
    call "$NUMASIM" run -t teach-numa-2x4 -w db-server -d 100ms --warmup 0s -p linux-6.12 "$@"
}

# crashes HOW TEXT: a run and a study with a plugin that goes down in this way.
crashes() {
    simulate --set "balance=$plugin" --set "balance.how=$1" -o "run-$1"
    ok "a run with a plugin that does '$1' ends with 3" refused 3 "$2"
    ok 'it names set and plugins' grep -q 'while running linux-6.12 (plugins .*crash.*), seed 1' err
    ok 'and has no result' test ! -e "run-$1"
    sed "s/HOW/$1/" study.yaml >"$1.yaml"
    call "$NUMASIM" study "$1.yaml"
    ok 'so does a study' test "$status" -eq 3
    ok 'which says so' grep -qF "numasim: $2" err
    ok 'loses what needs the runs that crashed' grep -q '^  LOST .*crashing$' out
    ok 'names them' grep -q '^  crashing, seed 1: no result' out
    ok 'and no other' grep -q '^  ok .*linux-6.12$' out
}

cat >study.yaml <<Y
numasim: study/1
question: What if a plugin crashes?
topologies: [teach-numa-2x4]
workloads: [db-server]
policies:
  - name: crashing
    policy: linux-6.12
    set: {balance: $plugin, balance.how: HOW}
  - linux-6.12
seeds: 1
duration: 100ms
warmup: 0s
expect:
  - {metric: cpu.utilisation, over: each, between: [0%, 100%]}
Y
if [ ! -f "$plugin" ]; then
    skip 'plugins that crash' 'the plugins of the tests are not built'
else
    crashes exit 'a plugin called exit() while running'
    if grep -qa __asan_init "$(readlink -f "$NUMASIM")"; then
        skip 'plugins that crash' 'a sanitizer reports on them'
    else
        crashes pointer 'a plugin or the simulator crashed (SIGSEGV) while running'
        crashes abort 'a plugin or the simulator crashed (SIGABRT) while running'
        crashes recurse 'a plugin or the simulator crashed (SIGSEGV) while running'
    fi
fi

# Eight copies of 3 GiB on 16 GiB.
call "$NUMASIM" run -t teach-numa-2x4 -w stream:replicas=8 -p linux-6.12 -d 20ms --warmup 10ms
ok 'a run whose tasks are killed for want of memory is done' test "$status" -eq 0
ok 'and warns' \
    grep -q '^numasim: warning: linux-6.12, seed 1: [1-9][0-9]* out-of-memory kills' err
cat >oom.yaml <<Y
numasim: study/1
question: Does the study warn?
topologies: [teach-numa-2x4]
workloads: [stream:replicas=8]
policies: [linux-6.12]
seeds: 1
duration: 20ms
warmup: 10ms
expect:
  - {metric: cpu.utilisation, over: each, between: [0%, 100%]}
Y
call "$NUMASIM" study oom.yaml
ok 'so is a study' test "$status" -eq 0
ok 'which warns' grep -q '^numasim: warning: [1-9][0-9]* out-of-memory kills in the runs' err
cp err fresh
call "$NUMASIM" study oom.yaml --cache kept
call "$NUMASIM" study oom.yaml --cache kept
ok 'from its cache, too' cmp fresh err
call "$NUMASIM" study oom.yaml --cache kept -o delivered
ok 'and its folder has results alone' \
    test -z "$(find delivered -name '*oom*')" -a "$(find delivered -name result.json | wc -l)" -eq 1
done_testing
