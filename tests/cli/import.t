#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: numasim workload import: files, counts on standard error, nothing half-written.
. "$(dirname "$0")/tap.sh"
traces=$tests/../workloads/traces
trace=$traces/pgbench-select.ftrace.txt.gz
[ -f "$trace" ] || skip_all 'no recorded trace'

well() {
    [ "$status" -eq 0 ] || { echo "status $status"; cat err; return 1; }
}

call "$NUMASIM" workload import "$trace" -o mine.yaml --summary mine.json
ok 'a trace is imported' well
ok 'nothing goes to standard output' test ! -s out
ok 'the counts go to standard error' grep -q 'scheduler events$' err
ok 'the workload is good' "$NUMASIM" workload validate ./mine.yaml
ok 'the summary is JSON' is_json mine.json
call "$NUMASIM" workload import "$trace"
ok 'without -o it is printed' well
ok 'the same but for its name' sh -c \
    'grep -v ^name: out >a; grep -v ^name: mine.yaml >b; cmp a b'
call "$NUMASIM" workload import "$trace" --timers relative -t epyc-2cpu-vm -o relative.yaml \
    --description 'mine' --source 'my machine'
ok 'timers may be relative' well
ok 'which makes another workload' sh -c '! cmp -s mine.yaml relative.yaml'
ok 'with its description and source' \
    sh -c 'grep -q "^description: .*mine" relative.yaml && grep -q "my machine" relative.yaml'
call "$NUMASIM" run -t epyc-2cpu-vm -w ./relative.yaml -p linux-6.12
ok 'it runs' well

gzip -dc "$trace" >whole.txt
call "$NUMASIM" workload import whole.txt -o plain.yaml
ok 'plain text is read as well' sh -c \
    'grep -v -e ^name: -e "^# Imported" plain.yaml >a
     grep -v -e ^name: -e "^# Imported" mine.yaml >b; cmp a b'
{ head -2000 whole.txt; echo 'this is no event'; sed -n '2001,4000p' whole.txt; } >dirty.txt
call "$NUMASIM" workload import dirty.txt -o dirty.yaml
ok 'a line that cannot be read is told' grep -q '^numasim: dirty.txt:2001: ' err
ok 'and counted' grep -q 'lines that cannot be read' err
head -100 "$tests/../workloads/hackbench.yaml" >text.txt
call "$NUMASIM" workload import text.txt -o none.yaml
ok 'a file that is no trace is an error' refused 2 'text.txt'
ok 'and nothing is written' test ! -e none.yaml
call "$NUMASIM" workload import missing.txt -o none.yaml
ok 'so is a missing one' refused 2 'missing.txt'
call "$NUMASIM" workload import "$trace" -o none/such/out.yaml
ok 'and a folder that is not there' refused 2 'none/such/out.yaml'
if [ -f "$traces/pgbench-select.overlay.yaml" ]; then
    call "$NUMASIM" workload import "$trace" -o memory.yaml \
        --overlay "$traces/pgbench-select.overlay.yaml"
    ok 'an overlay gives memory' sh -c 'grep -q "memory:" memory.yaml && ! grep -q "memory:" mine.yaml'
    call "$NUMASIM" workload import "$traces/make-j4.ftrace.txt.gz" -o none.yaml \
        --overlay "$traces/pgbench-select.overlay.yaml"
    ok 'one for other commands is refused' refused 2 'overlay'
fi

# Where a command's memory lies: 1 GiB that its first task, or each of its tasks, touches first.
touched_by() {
    cat >touch.overlay.yaml <<Y
numasim: overlay/1
commands:
  short:
    regions: {heap: {size: 1GiB, touch: $1}}
    misses: {heap: 1/us}
    source: made up for this test
Y
    "$NUMASIM" workload import "$traces/rt-app.ftrace.txt.gz" --overlay touch.overlay.yaml \
        -o "touch-$1.yaml" 2>err &&
        "$NUMASIM" run -t teach-numa-2x4 -w "./touch-$1.yaml" -p linux-6.12 -d 1s -o "touch-$1" >out
}
bytes() {
    sed -n "s/.*\"memory.used_bytes.node$2\": {\"value\": \([0-9]*\).*/\1/p" "touch-$1/result.json"
}
ok 'a replayed command touches first what its overlay says' touched_by first
ok 'all of it by one task' test "$(($(bytes first 0) + $(bytes first 1)))" -eq 1073741824
ok 'on one node' sh -c "test $(bytes first 0) -eq 0 || test $(bytes first 1) -eq 0"
ok 'or a part by each' touched_by each
ok 'which is all of it, too' test "$(($(bytes each 0) + $(bytes each 1)))" -eq 1073741824
done_testing
