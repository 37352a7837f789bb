#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: numasim run: what it prints and writes, and how it ends.
. "$(dirname "$0")/tap.sh"
plugins=$(dirname "$(readlink -f "$NUMASIM")")/tests/plugins

simulate() {
    call "$NUMASIM" run -t teach-numa-2x4 -w db-server -d 1s "$@"
}

well() {
    [ "$status" -eq 0 ] && [ ! -s err ] || { echo "status $status"; cat err; return 1; }
}

simulate -p linux-6.12
ok 'a run prints a table, and no progress to a file' well
ok 'with what was run' grep -q '^policy  *linux-6.12$' out
ok 'and the latency of requests' grep -q 'request_latency_ns' out

simulate -p linux-6.12 -o first --series 100ms --occupancy
ok 'a run writes a folder' well
ok 'with a result' is_json first/result.json
ok 'of the schema' grep -q 'numasim-result/1' first/result.json
ok 'and a series' test -s first/series.csv
ok 'and who ran where' test "$(head -1 first/occupancy.csv)" = 'cpu,start_ns,end_ns,task,comm'
for file in teach-numa-2x4 db-server linux-6.12; do
    ok "and a copy of $file.yaml" test -s "first/$file.yaml"
done
simulate -p linux-6.12 -o again --series 100ms --occupancy
ok 'the same again is the same bytes' diff -r first again
call "$NUMASIM" run -t first/teach-numa-2x4.yaml -w first/db-server.yaml -p first/linux-6.12.yaml \
    -d 1s -o copies --series 100ms
ok 'the copies are inputs' well
ok 'and give the same result' cmp first/result.json copies/result.json

simulate -p linux-6.12 --set host.cfs_bandwidth_slice=1ms --format json
ok 'the parameters of the host are in the result' grep -q '"cfs_bandwidth_slice": "1ms"' out
simulate -p linux-6.12 --format json
cp out printed
simulate -p linux-6.12 -o plain
ok 'the JSON that is printed is that of the folder' cmp printed plain/result.json
simulate -p linux-6.12 -o first
ok 'a folder that exists is not touched' refused 2 'first exists; expected a new folder, or --force'
ok 'indeed' cmp first/result.json again/result.json
refuses 2 'run: /dev/null: is no folder; expected one' run -t teach-uma-4 -w schbench -p linux-6.12 -o /dev/null --force
simulate -p linux-6.12 -o first --force --seed 2
ok 'except with --force' well
ok 'which leaves nothing of the old one' test ! -e first/series.csv -a ! -e first/occupancy.csv
ok 'and replaces the result' sh -c '! cmp -s first/result.json again/result.json'

# None of an earlier run's results is left to be taken for this one's; what it did not write stays.
results_in() {
    (cd "$1" && find . -name result.json | LC_ALL=C sort | tr '\n' ' ')
}
simulate -p linux-6.12 -p fifo-none --runs 3 --series 100ms -o earlier
echo mine >earlier/notes
echo mine >earlier/linux-6.12/seed-3/notes
mkdir -p earlier/linux-6.12/seed-x earlier/other/seed-1 kept
cp -r earlier/fifo-none/seed-1 kept/seed-1
cp earlier/fifo-none/seed-1/* earlier/other/seed-1
ln -s ../kept earlier/linked
echo '# changed' >>earlier/fifo-none/seed-2/db-server.yaml
simulate -p linux-6.12 --runs 2 -o earlier --force
ok 'fewer seeds, and one policy less' well
ok 'leave those alone' test "$(results_in earlier)" = \
    './linux-6.12/seed-1/result.json ./linux-6.12/seed-2/result.json ./other/seed-1/result.json '
ok 'without their copies' test "$(cd earlier && find fifo-none linux-6.12/seed-3 -type f | sort | tr '\n' ' ')" = \
    'fifo-none/seed-2/db-server.yaml linux-6.12/seed-3/notes '
ok 'nor series' test ! -e earlier/linux-6.12/seed-1/series.csv
ok 'what is not of a run stays' test -f earlier/notes -a -d earlier/linux-6.12/seed-x
ok 'and what a link leads to' test -f kept/seed-1/result.json
simulate -p linux-6.1 -o earlier --force
ok 'one run alone' test "$(results_in earlier)" = './other/seed-1/result.json ./result.json '
simulate -p linux-6.12 -o earlier --force
ok 'has no copies of another policy' test -f earlier/linux-6.12.yaml -a ! -e earlier/linux-6.1.yaml
simulate -p linux-6.12 -p fifo-none -o earlier --force
ok 'and goes itself' test ! -e earlier/result.json -a ! -e earlier/db-server.yaml
ok 'with the sets below' test -z "$(find earlier -maxdepth 1 -name '*.yaml')"
simulate -p linux-6.12 -o own
call "$NUMASIM" run -t own/teach-numa-2x4.yaml -w own/db-server.yaml -p own/linux-6.12.yaml -d 1s \
    -p linux-6.1 -o own --force
ok 'nor what this run reads' well
ok 'which stays' test -f own/teach-numa-2x4.yaml -a -f own/db-server.yaml -a -f own/linux-6.12.yaml
ok 'beside its results' test "$(results_in own)" = \
    './linux-6.1/seed-1/result.json ./linux-6.12/seed-1/result.json '
simulate -p linux-6.12 -o /proc/none/such
ok 'a folder that cannot be made is an error' refused 2 '/proc/none'

simulate -p linux-6.12 --warmup 0s --format schedstat
ok 'schedstat: the version of the release' test "$(head -1 out)" = 'version 16'
ok 'at the end of the run' test "$(sed -n 2p out)" = "timestamp $((4294892296 + 250))"
ok 'a line for each CPU' test "$(grep -c '^cpu[0-7] ' out)" -eq 8
ok 'and for each domain of each' test "$(grep -c '^domain[01] ' out)" -eq 16
simulate -p linux-6.12 --format schedstat --runs 2
ok 'of one run only' refused 2 'expected one --policy, and no --runs'
simulate -p linux-6.12 --format sched
ok 'sched: a block for each task' well
ok 'with its statistics' test "$(grep -c '^nr_wakeups_affine_attempts  *:' out)" -gt 8
ok 'and the lines of the release' test "$(grep -c '^se.avg.util_est  ' out)" -gt 8
simulate -p linux-5.3 --format sched
ok 'other lines of an older one' grep -q '^se.statistics.nr_wakeups  ' out
simulate -p linux-6.12 -p linux-6.1 --format sched
ok 'it is of one run, too' refused 2 '--format sched is of one run'
for format in vmstat numastat numastat-n numastat-m numastat-cmz numastat-p numastat-ps numa_maps \
    meminfo numactl-H memcg; do
    simulate -p linux-6.12 --format "$format"
    ok "$format" well
    cp out "$format.end"
    simulate -p linux-6.12 --format "$format" --snapshot 700ms --snapshot 300ms --snapshot 1s \
        --snapshot 300ms
    ok "$format at other times" test "$(grep "^==> $format at " out | tr -d '\n')" = \
        "==> $format at 300ms <====> $format at 700ms <====> $format at 1s <=="
    sed "1,/^==> $format at 1s/d" out >last
    ok 'the last of which is the end' cmp last "$format.end"
done
ok 'vmstat: name and value' sh -c '! grep -Evq "^[a-z0-9_]+ [0-9]+$" vmstat.end'
ok 'meminfo: both nodes' test "$(grep -c '^Node [01] MemTotal:  *[0-9]* kB$' meminfo.end)" -eq 2
ok 'numactl -H: the nodes' grep -q '^available: 2 nodes (0-1)$' numactl-H.end
ok 'numastat -n: MB by node' grep -qE '^Numa_Hit( +[0-9]+\.[0-9]{2}){3}$' numastat-n.end
ok 'numastat -m: all lines' test "$(grep -cE '^[A-Z].*( +[0-9]+\.[0-9]{2}){3}$' numastat-m.end)" -ge 32
ok 'numastat -cmz: some, without hundredths' \
    test "$(grep -cE '^[A-Z].*( +[0-9]+){3}$' numastat-cmz.end)" -lt 16
refuses 2 '(did you mean' run -t teach-numa-2x4 -w schbench -p linux-6.12 --format numastat-q
ok 'numa_maps: the process' grep -q '^==> /proc/[0-9]*/numa_maps <==$' numa_maps.end

# Eight readers of one node, all the time: what an access takes is what it takes under this load.
cat >readers.yaml <<'Y'
numasim: workload/1
description: readers of one node
duration: 300ms
warmup: 100ms
processes:
  p:
    numactl: --cpunodebind=0 --membind=0
    regions: {a: {size: 64MiB, page: 2MiB}}
    threads:
      t:
        count: 8
        cpus: 0-7
        spread: true
        program: [touch: a, access: {misses: {a: 40/us}, mlp: 8}, forever: [run: 1ms]]
Y
value() {
    sed -n "s/^  \"$1\": {\"value\": \([0-9.]*\),.*/\1/p" out
}
call "$NUMASIM" run -t xeon-8480-2s-snc4 -w ./readers.yaml -p linux-6.12 --format json
ok 'an access under load takes longer' test "$(value memory.latency_ns.mean)" -gt 100
ok 'as long as memory does' \
    test "$(value memory.latency_ns.mean)" -eq "$(value bandwidth.node0.latency_ns)"
simulate -p linux-6.12 --format numastat --snapshot 2s
ok 'a time after the end is told' grep -q 'warning: the run was over before 2s' err
simulate -p linux-6.12 --snapshot 1s
ok 'a snapshot is of something' refused 2 '--snapshot needs something to show'
simulate -p linux-6.12 --format vmstat --snapshot 0s
ok 'and at some time' refused 2 "'0s' is no time of a run"
simulate -p linux-6.12 -p fifo-none
ok 'two policies stand side by side' grep -qE 'linux-6.12 +fifo-none +ratio' out
simulate -p linux-6.12 -p fifo-none --runs 2 -o many
ok 'two policies and two seeds' well
ok 'are four results' test "$(find many -name result.json | wc -l)" -eq 4
ok 'by policy and seed' test -s many/fifo-none/seed-2/result.json
simulate -p linux-6.12 --runs 2 --format json
ok 'several results are an array' is_json out
simulate -p linux-6.12 -w hackbench:replicas=2 --set queue.base_slice=1ms
ok 'two workloads side by side, and a value' well
ok 'the table says so' grep -q 'hackbench, 2 replicas' out

# A value is for the policies that know it.
simulate -p linux-6.1 -p linux-6.12 --set queue.place_lag=off --set queue.base_slice=1ms -o shared
ok 'a value for one of two policies' well
ok 'the table says whose' grep -qx 'set        queue.place_lag=off (linux-6.12)' out
ok 'a result has its own' grep -q '"queue.place_lag=off"' shared/linux-6.12/seed-1/result.json
ok 'and no other' sh -c '! grep -q place_lag=off shared/linux-6.1/seed-1/result.json'
simulate -p linux-6.1 -p linux-6.12 --set queue.plce_lag=off
ok 'one that neither knows' refused 2 "none of the policies has a parameter 'plce_lag' for role 'queue'"
ok 'tells the nearest' grep -q "did you mean 'place_lag'" err
simulate -p linux-6.1 -p linux-6.12 --set queue.latency=1h
ok 'nor a value that the one refuses' refused 2 "'latency' of plugin 'cfs' cannot be '1h'"

# Each policy on the domains of its release.
printf 'numasim: policy-set/1\nextends: linux-6.12\nkernel: 6.1\n' >older.yaml
simulate -p ./older.yaml -p linux-6.12 -o releases
ok 'two releases side by side' well
ok 'a set names its release' grep -q '"kernel": *"6.1"' releases/older/seed-1/result.json
ok 'another the default' grep -q '"kernel": *"6.12"' releases/linux-6.12/seed-1/result.json
simulate -p ./older.yaml --kernel 7.3 --format json
ok '--kernel is for all' grep -q '"kernel": *"7.3"' out
call "$NUMASIM" policy show ./older.yaml
ok 'policy show names it' grep -q '^sched_domains as Linux 6.1 builds them$' out

if [ -f "$plugins/fault-cpu.so" ]; then
    simulate -p linux-6.12 --set "balance=$plugins/fault-cpu.so" -o fault
    ok 'a fault of a plugin ends with 3' refused 3 "policy 'fault-cpu' (balance), callback balance.select_cpu"
    ok 'with task and time' grep -q 'task [0-9]* (.*), at [0-9]* ns' err
    ok 'a dump' grep -q '^CPU 0: ' err
    ok 'and no result' test ! -e fault
    simulate -p linux-6.12 --set "numa=$plugins/fault-hint.so" -w numa-process
    ok 'so does one of the memory half' refused 3 "policy 'fault-hint' (numa), callback numa.hint_fault, task"
    ok 'with its time' grep -q 'numa.hint_fault, task [0-9]* (.*), at [0-9]* ns' err
else
    skip 'a fault of a plugin ends with 3' 'the plugins of the tests are not built'
fi

# Nobody reads, nowhere to write.
ok 'a reader that leaves is no error' \
    sh -c 'test -z "$( { "$1" topology domains epyc-7763-2s-nps4 --format json | head -c 1 >/dev/null; } 2>&1 )"' \
    sh "$NUMASIM"
if [ -c /dev/full ]; then
    status=0
    "$NUMASIM" topology list >/dev/full 2>err || status=$?
    : >out
    ok 'a full disk is one' refused 2 'standard output: cannot write'
else
    skip 'a full disk is one' 'no /dev/full'
fi
call "$NUMASIM" run -t epyc-2cpu-vm -w traces/nginx-wrk -p linux-6.12 -d 100ms
ok 'a shipped name may have its folder before it' test "$status" -eq 0
done_testing
