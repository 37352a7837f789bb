#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: numasim trace writes what other tools read, and what it writes comes back as a workload that is
# scheduled alike.
. "$(dirname "$0")/tap.sh"

"$NUMASIM" run -t teach-numa-2x4 -w db-server -d 300ms --warmup 0ms -p linux-6.12 -o db >/dev/null

call "$NUMASIM" trace db
cp out db.ftrace
ok 'the text begins as the kernel file trace does' test "$(head -1 out)" = '# tracer: nop'
ok 'a switch has the kernel fields' grep -Eq \
    '^ +postgres-[0-9]+ +\[00[0-7]\] d\.\.2\. +0\.[0-9]{9}: sched_switch: prev_comm=postgres prev_pid=[0-9]+ prev_prio=120 prev_state=(S|R\+) ==> next_comm=(postgres|swapper/[0-7]) next_pid=[0-9]+ next_prio=120$' out
for event in sched_waking sched_wakeup sched_wakeup_new sched_migrate_task sched_process_fork \
    sched_stat_runtime; do
    ok "has $event" grep -q " $event: " out
done
# Each line as the kernel prints it (6.12: kernel/trace/trace_output.c, trace_print_context(), and the formats
# in include/trace/events/sched.h), but for the nanoseconds and the end of sched_waking.
cat >lines.pl <<'END'
my ($who, $task) = (qr/\S.*\S|\S/, qr/comm=.+ pid=\d+ prio=\d+/);
my %fields = (
    sched_switch => qr/prev_comm=.+ prev_pid=\d+ prev_prio=\d+ prev_state=(?:R\+?|S|D|I|X) ==> next_comm=.+ next_pid=\d+ next_prio=\d+/,
    sched_waking => qr/$task target_cpu=\d{3} sync=[01]/,
    sched_wakeup => qr/$task target_cpu=\d{3}/,
    sched_wakeup_new => qr/$task target_cpu=\d{3}/,
    sched_migrate_task => qr/$task orig_cpu=\d+ dest_cpu=\d+/,
    sched_process_fork => qr/comm=.+ pid=\d+ child_comm=.+ child_pid=\d+/,
    sched_process_exit => qr/$task/,
    sched_stat_runtime => qr/comm=.+ pid=\d+ runtime=\d+ \[ns\]/,
);
my $last = 0;
while (<>) {
    next if /^#/;
    /^(?=.{17,}) *($who)-(\d+) +\[(\d{3})\] [d.][.][.hs][.0-9][.] +(\d+\.\d{9}): (\w+): (.*)$/ or die "line $.: $_";
    die "line $.: back in time: $_" if $4 < $last;
    die "line $.: an idle task of another name: $_" if ($2 == 0) != ($1 eq "<idle>");
    die "line $.: $_" if exists $fields{$5} && $6 !~ /^$fields{$5}$/;
    $last = $4;
}
END
ok 'each line is as the kernel prints it' perl lines.pl db.ftrace
"$NUMASIM" run -t teach-uma-4 -w fork-join -d 300ms --warmup 0ms -p linux-6.12 -o forks >/dev/null
"$NUMASIM" trace forks -o forks.ftrace
ok 'those of forks and exits too' perl lines.pl forks.ftrace
ok 'of which there are some' grep -q ': sched_process_exit: ' forks.ftrace
call "$NUMASIM" trace db -o again.ftrace
ok 'the file is the same as what is printed' cmp db.ftrace again.ftrace
ok 'nothing else is left' test ! -e again.ftrace.part

call "$NUMASIM" trace db --from 200ms --to 210ms
ok 'a part of the time' awk '!/^#/ { sub(/^.*\] [^ ]+ +/, ""); if ($1 + 0 < 0.2 || $1 + 0 >= 0.21) exit 1 }' out
call "$NUMASIM" trace db --cpu 1-2
ok 'some CPUs' test "$(grep -v '^#' out | grep -cv '\[00[12]\]')" -eq 0
ok 'and all of theirs' test "$(grep -c ': sched_' out)" -eq "$(grep -c '\[00[12]\].*: sched_' db.ftrace)"
refuses 2 "no task of the command 'nobody*'" trace db --task 'nobody*'
refuses 2 "no task of the command 'postgre'; expected one of its commands, or a pattern with * and ? (did you mean 'postgres'?)" \
    trace db --task postgre -o none.ftrace
ok 'and nothing is written' test ! -e none.ftrace
call "$NUMASIM" trace db --task 'post*' --from 299999us
ok 'a task without an event then is none the less there' test "$status" -eq 0

call "$NUMASIM" trace -f timehist db --from 200ms --to 210ms
ok 'timehist has the columns of perf' grep -q '^           time    cpu  task name  *wait time  sch delay   run time$' out
ok 'and lines like its own' grep -Eq '^ +0\.20[0-9]{4} \[000[0-7]\]  postgres\[[0-9/]+\] +[0-9]+\.[0-9]{3} +[0-9]+\.[0-9]{3} +[0-9]+\.[0-9]{3}$' out
call "$NUMASIM" trace -f latency db
ok 'latency merges the tasks of a command' grep -Eq '^  postgres:\([0-9]+\) +\| +[0-9.]+ ms \| +[0-9]+ \| avg: +[0-9.]+ ms \| max: +[0-9.]+ ms \| max start: +[0-9.]+ s \| max end: +[0-9.]+ s$' out
# Four CPUs that tasks migrate between and share: what -C shows of each adds up to the whole.
"$NUMASIM" run -t "$tests/../results/studies/machines/free-uma-4.yaml" -w db-server -d 300ms --warmup 0ms \
    -p linux-6.12 -o uma >/dev/null
call "$NUMASIM" trace -f latency uma
cp out all.latency
for cpu in 0 1 2 3; do
    call "$NUMASIM" trace -f latency -C "$cpu" uma
    cp out "$cpu.latency"
done
# longest FILE...: the greatest of the longest delays; delays FILE...: their number
longest() {
    sed -n 's/.*| max: *\([0-9.]*\) ms.*/\1/p' "$@" | sort -n | tail -1
}
delays() {
    awk '/TOTAL:/ { nr += $6 } END { print nr }' "$@"
}
ok 'no CPU has a longer delay than all together' \
    test "$(longest [0-3].latency)" = "$(longest all.latency)"
ok 'and each delay is on one CPU' test "$(delays [0-3].latency)" -eq "$(delays all.latency)"
# Three hogs of one CPU, and whoever came first keeps it: one never stops, and two never begin.
"$NUMASIM" run -t teach-uma-4 -w teach-shares -d 300ms --warmup 0ms -p fifo-none -o hogs >/dev/null
call "$NUMASIM" trace -f latency hogs
ok 'who runs to the end has run' grep -Eq '^  [^|]* \| +(299\.[0-9]+|300\.000) ms \|' out
ok 'who waits to the end has waited' \
    grep -Eq '\| +0\.000 ms \| +[12] \| avg: +300\.000 ms .* max end: +0\.300000 s$' out
call "$NUMASIM" trace -f latency hogs --from 100ms --to 150ms
ok 'of a part of the time, the part of it' grep -Eq '^  TOTAL: +\| +50\.000 ms \|' out
call "$NUMASIM" trace -f latency hogs --cpu 3
ok 'and where it waited' grep -Eq '^  TOTAL: +\| +0\.000 ms \| +0 \|' out
call "$NUMASIM" trace -f map db
ok 'map names a task where it first runs' grep -Eq '^  [ *][A-Z.][0-9 ] .* secs A0 => postgres:1$' out

# Two tasks that are up a few times a second: their CPUs' events are further apart than an event's header can say.
cat >rare.yaml <<'END'
numasim: workload/1
description: two that sleep long
sources: [chosen]
duration: 3s
processes: {p: {threads: {rare: {count: 2, program: [forever: [run: 1ms, sleep: {uniform: [100ms, 900ms]}]]}}}}
END
"$NUMASIM" run -t teach-uma-4 -w ./rare.yaml --warmup 0ms -p linux-6.12 -o rare >/dev/null
for run in db forks rare; do
    call "$NUMASIM" trace -f trace.dat "$run" -o "$run.dat"
    ok "a file for trace-cmd: $run" test "$status" -eq 0
    if ! command -v trace-cmd >/dev/null; then
        skip "which reads it: $run" 'no trace-cmd'
        continue
    fi
    # plain: the lines of standard input without what the two forms print in other ways, sorted.
    plain() {
        perl -ne 'print "$1-$2 $3 $4 $5: $6\n" if
            /^ *(.+)-(\d+) +\[(\d+)\] (?:\S{5} +)? *([\d.]+): (sched_\w+): +(.*?)(?: sync=[01])?$/' | sort
    }
    trace-cmd report -t -N "$run.dat" 2>err | plain >read
    "$NUMASIM" trace "$run" | grep -v ': sched_stat_runtime: ' | plain >written
    ok "which reads all of it: $run ($(wc -l <read) events)" cmp read written
    ok 'of which there are some' test -s read
    trace-cmd report -l -N "$run.dat" 2>err | awk '{ print $2 }' | grep -o '[d.][.][.hs][.0-9][.]$' | sort -u >flags
    ok 'with flags' grep -Fqx 'd..2.' flags
done
call "$NUMASIM" trace -f perfetto db -o db.pftrace
ok 'a trace for Perfetto' test -s db.pftrace
if command -v protoc >/dev/null; then
    protoc -I "$tests/cli" --decode=Trace perfetto.proto <db.pftrace >decoded
    ok 'is well-formed to its end' test "$(grep -c '^packet {' decoded)" -gt 100
    ok 'has no field that Perfetto has not' sh -c '! grep -Eq "^ *[0-9]+[: ]" decoded'
    ok 'has every switch' test "$(grep -c '^      sched_switch {' decoded)" -eq "$(grep -c ': sched_switch:' db.ftrace)"
    for event in waking wakeup wakeup_new migrate_task process_fork; do
        ok "and every $event" test "$(grep -c "^      sched_$event {" decoded)" -eq "$(grep -c ": sched_$event:" db.ftrace)"
    done
    ok 'and ends each slice that it begins' \
        test "$(grep -c 'type: TYPE_SLICE_BEGIN$' decoded)" -eq "$(grep -c 'type: TYPE_SLICE_END$' decoded)"
    ok 'a flow ends where one begins' test "$(grep -c '^    flow_ids: ' decoded)" -ge "$(grep -c '^    terminating_flow_ids: ' decoded)"
    ok 'names threads' grep -q '^      thread_name: "postgres"$' decoded
    ok 'and units of counters' grep -q '^      unit_name: "bytes"$' decoded
    cat >read.yaml <<'EOF'
numasim: workload/1
duration: 3s
processes:
  p:
    regions: {heap: {size: 64MiB, touch: first}}
    threads:
      t: {count: 8, cpus: 0-7, spread: true, program: [access: {misses: {heap: 40/us}, mlp: 4}, forever: [run: 10ms]]}
EOF
    "$NUMASIM" run -t teach-numa-2x4 -w ./read.yaml -p carrefour -o copied >/dev/null
    call "$NUMASIM" trace -f perfetto copied -o copied.pftrace
    protoc -I "$tests/cli" --decode=Trace perfetto.proto <copied.pftrace >decoded
    used=$(perl -MJSON::PP -0777 -ne 'print JSON::PP->new->decode($_)->{metrics}{"memory.used_bytes.node1"}{value}' copied/result.json)
    ok 'memory on a node ends as the result says, copies too' test "$used" -eq "$(awk '
        $1 == "uuid:" { track = $2 } $1 == "name:" && /memory on node 1/ { is = track }
        $1 == "track_uuid:" { at = $2 } $1 == "counter_value:" && at == is && is != "" { value = $2 }
        END { print value }' decoded)"
else
    skip 'the trace for Perfetto decoded' 'no protoc'
fi
refuses 2 "nowhere" trace nowhere
refuses 2 "'perfeto'" trace -f perfeto db
refuses 2 'nothing between --from and --to' trace db --from 2s
refuses 2 'nothing between --from and --to' trace db --from 300ms
refuses 2 'nothing between --from and --to' trace db --from 20ms --to 20ms
refuses 2 'trace: --cpu: ' trace db --cpu 9
refuses 2 'trace: --cpu: ' trace db --cpu 0-8
refuses 2 'trace: --cpu: ' trace db --cpu ''
refuses 2 "no task of the command ''" trace db --task ''
refuses 2 'missing/x: cannot be written' trace db -o missing/x
refuses 2 "no task of the command 'nobody'" trace -f trace.dat db --task nobody
cp -r db changed
echo '# another' >>changed/db-server.yaml
refuses 2 "no copy of the workload 'db-server' as it was" trace changed

# Costs, SMT and memory effects: none. The replay's schedule is the recorded one, switch by switch.
cat >free.yaml <<'END'
numasim: topology/1
arch: x86_64
cpus: {packages: 1, cores-per-llc: 4, source: chosen}
memory: {nodes: [{nodes: 0, size: 8GiB}], source: chosen}
distances: {matrix: [[10]], source: chosen}
latency: {by-distance: {10: 100ns}, source: chosen}
bandwidth: {by-distance: {10: 40GB/s}, source: chosen}
caches: {l1d: 32KiB, l2: 1MiB, llc: 16MiB, source: chosen}
frequency: {nominal: 1GHz, source: chosen}
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
  page-move-copy: 0B/s
  hint-fault: 0us
  smt-pace: 100%
  source: chosen
END

# switches FILE [END]: time, CPU, state and tasks, by the order in which they are forked, of each switch
# before END.
switches() {
    perl -e 'open F, shift; my $end = shift; my (%n, $nr);
        while (<F>) {
            next unless /\[(\d+)\] \S+ +([\d.]+): (\w+): (.*)/;
            my ($cpu, $t, $event, $f) = ($1, $2, $3, $4);
            last if defined $end && $t >= $end;
            $n{$1} = ++$nr if $event eq "sched_process_fork" && $f =~ /child_pid=(\d+)/;
            next unless $event eq "sched_switch";
            $f =~ /prev_pid=(\d+).*prev_state=(\S+).*next_pid=(\d+)/;
            printf "%s %s %d %s %d\n", $t, $cpu, $n{$1} // 0, $2, $n{$3} // 0;
        }' "$@"
}

# record TOPOLOGY WORKLOAD POLICY: into the folders once and again, and the traces of both.
record() {
    rm -rf once again
    "$NUMASIM" run -t "$1" -w "$2" -d 1s --warmup 0ms -p "$3" -o once >/dev/null
    "$NUMASIM" trace once -o once.ftrace
    "$NUMASIM" workload import once.ftrace -t "$1" -o back.yaml 2>counts
    "$NUMASIM" run -t "$1" -w ./back.yaml -d 1s --warmup 0ms -p "$3" -o again >/dev/null
    "$NUMASIM" trace again -o again.ftrace
}

for case in hackbench/linux-6.12 fork-join/linux-6.12 hackbench/linux-6.1 hackbench/eevdf-random \
    fork-join/rr-none; do
    record ./free.yaml "${case%/*}" "${case#*/}"
    switches once.ftrace >once.switches
    switches again.ftrace >again.switches
    ok "replayed without costs, all switches are the same: $case ($(wc -l <once.switches))" \
        cmp once.switches again.switches
done
# It never ends; a recording cuts its last bursts, so what they lead to is left out.
record ./free.yaml schbench linux-6.12
switches once.ftrace 0.98 >once.switches
switches again.ftrace 0.98 >again.switches
ok 'also of what goes on when the recording stops' cmp once.switches again.switches

# cpu_time RESULT: in ns; slowed RESULT: by how much its work was slowed, in %
metric() {
    perl -MJSON::PP -0777 -ne 'my $m = decode_json($_)->{metrics}; print $m->{"'"$2"'"}{value}' "$1/result.json"
}
cpu_time() {
    echo $(($(metric "$1" cpu.busy_ns) + $(metric "$1" cpu.overhead_ns)))
}
# alike SLOW: the replay's CPU time is that of the recording, at most 2% less, and at most SLOW% + 2% more.
alike() {
    before=$(cpu_time once)
    after=$(cpu_time again)
    echo "$after of $before, $1%"
    [ $((after * 100)) -ge $((before * 98)) ] && [ $((after * 100)) -le $((before * ($1 + 102))) ]
}
for workload in fork-join schbench hackbench db-server; do
    record teach-numa-2x4 "$workload" linux-6.12
    ok "with costs the CPU time stays within 2%: $workload" alike 0
done
# A recorded run holds what slowed it, and is slowed once more where the replay has a sibling beside it: by
# 1 / smt-pace at most.
sed -e 's/^  packages: 2/  packages: 2\n  threads-per-core: 2/; s/smt-pace: 100%/smt-pace: 62%/' \
    "$tests/../topologies/teach-numa-2x4.yaml" >smt.yaml
for workload in schbench hackbench db-server; do
    record ./smt.yaml "$workload" linux-6.12
    ok "with SMT it grows by what SMT takes at most: $workload" alike 62
done
done_testing
