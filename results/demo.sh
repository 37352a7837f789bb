#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The demonstration of `make demo`: a trace recorded on a real machine is replayed and held against
# its recording; then two workloads run on an EPYC with eight nodes under two policies, as tables and
# as pictures. Everything lands in results/runs/demo.
#
#   NUMASIM  the command (build/numasim)
#   OUT      the folder to write to (results/runs/demo)
set -eu
cd "$(dirname "$0")/.."
numasim=${NUMASIM:-build/numasim}
out=${OUT:-results/runs/demo}
rm -rf "$out"
mkdir -p "$out"

say() {
    printf '\n== %s\n\n' "$*"
}

# show NAME ARGUMENT...: a command as a reader would type it, run; its whole table goes to NAME.txt.
show() {
    name=$1
    shift
    printf '$ numasim %s\n\n' "$*"
    "$numasim" "$@" -o "$out/$name" >"$out/$name.txt"
}

# rows NAME GROUP ROW...: of the groups of NAME.txt whose title matches GROUP the rows that match a ROW.
# What is shown stays in NAME.short.txt.
rows() {
    name=$1 groups=$2
    shift 2
    patterns=$(printf '|%s' "$@" | cut -c2-)
    awk -v groups="^  ($groups)( |\$)" -v rows="^    ($patterns)( |\$)" '
        $0 == "" { on = 0 }
        $0 ~ groups { on = 1; printf "%s%s\n", shown++ ? "\n" : "", $0; next }
        on && $0 ~ rows' "$out/$name.txt" | tee "$out/$name.short.txt"
}

say 'A recorded trace, replayed'
echo 'rt-app ran on two CPUs of an EPYC under Linux 6.18 while ftrace recorded every switch and wakeup.
What does each command see when that is replayed on a model of the machine? (One CPU of the record
lacks some switches, so it has less CPU time of the hog than the hog used.)
'
show rt-app run -t epyc-2cpu-vm -w rt-app -p linux-6.12
sed '1,/^The recording/d' "$out/rt-app.txt" | tee "$out/rt-app.short.txt"

say 'A database server on two EPYC 7763, NPS4: 256 CPUs, 8 nodes'
echo 'Sixteen servers with sixteen workers each. linux-6.12 balances over the sched_domains;
eevdf-random puts a task that wakes on any CPU.
'
show db-server run -t epyc-7763-2s-nps4 -w db-server:replicas=16 -p linux-6.12 -p eevdf-random -d 1s
rows db-server 'latency|CPU|migrations' 'request_latency_ns.clients.(mean|p50|p99|p99.9|max)' \
    cpu.utilisation cpu.wasted_ratio context_switches migrations.NUMA migrations.total

say 'Processes larger than a node, on the same machine'
echo 'Four processes of sixteen threads: each thread works in memory of its own, and in a table that the
first one filled. Who keeps threads at their memory?
'
show numa-process run -t epyc-7763-2s-nps4 -w numa-process:replicas=4 -p linux-6.12 -p eevdf-random \
    -d 3s --warmup 2s
rows numa-process 'throughput|CPU|migrations|memory' 'throughput.*' cpu.utilisation cpu.wasted_ratio \
    migrations.total memory.latency_ns.mean memory.local_access_ratio

say 'Is it better, is that certain, and why?'
echo 'A database beside a program that computes in phases, on a small machine: two releases, twelve seeds.
'
show releases run -t teach-numa-2x4 -w db-server -w phases:replicas=2 -p linux-6.1 -p linux-6.12 \
    -d 600ms --warmup 100ms --runs 12
# tell NAME ARGUMENT...: the same, without a folder; what is shown stays in NAME.short.txt.
tell() {
    name=$1
    shift
    printf '$ numasim %s\n\n' "$*"
    "$numasim" "$@" >"$out/$name.short.txt"
    cat "$out/$name.short.txt"
    echo
}
before=$out/releases/linux-6.1 after=$out/releases/linux-6.12
tell compare compare "$before" "$after" -m 'request_latency_ns.*.p*' -m 'wakeup_latency_ns.p*' \
    -m migrations.total -m cpu.wasted_ratio
tell diff diff "$before/seed-1" "$after/seed-1" --tasks 3
tell explain explain "$after/seed-1"

say 'Memory that follows its thread, on two nodes'
echo 'A program has its 256 MiB on node 0, and a thread on node 1 goes through them over and over. Automatic
NUMA balancing takes hint faults and brings page after page.
'
show numa-follow run -t results/studies/machines/behaviour-2x2.yaml \
    -w results/studies/workloads/numa-follow-base-6.12.yaml -p linux-6.12
rows numa-follow 'memory' memory.pages_migrated memory.local_access_ratio 'numa.*'

say 'Pictures'
draw() {
    "$numasim" plot "$@"
}
for format in svg png; do
    draw "$out"/db-server/linux-6.12/seed-1 "$out"/db-server/eevdf-random/seed-1 \
        -o "$out/latency.$format"
    draw -k access "$out"/numa-process/linux-6.12/seed-1 "$out"/numa-process/eevdf-random/seed-1 \
        -o "$out/access.$format"
    draw -k occupancy "$out"/numa-process/eevdf-random/seed-1 --from 2s --to 2200ms \
        -o "$out/who-runs-where.$format"
    draw -k queues "$out"/db-server/eevdf-random/seed-1 -o "$out/queues.$format"
    draw -k pages "$out"/numa-follow --to 6s -o "$out/pages.$format"
done | grep '\.png'
"$numasim" report "$out"/db-server/linux-6.12/seed-1 "$out"/db-server/eevdf-random/seed-1 -o "$out/db-server.html"
printf '\nIn %s: the whole tables, the results, the pictures (svg and png).\n' "$out"
