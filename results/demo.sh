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
    printf '\n== %s\n' "$*"
}

# Shows a command as a reader would type it, then runs it.
show() {
    printf '$ %s\n\n' "$(printf '%s' "numasim $*" | sed 's/  */ /g')"
    "$numasim" "$@"
}

# The lines of a table that a first look needs; all of it stands in $out.
part() {
    awk -v groups="$1" '
        /^(topology|workload|policy|simulated)/ { print; next }
        $0 == "" { on = 0 }
        on { print }
        match($0, "^  (" groups ")( |$)") { on = 1; print "\n" $0 }'
}

say 'A recorded trace, replayed'
echo 'rt-app ran on two CPUs of an EPYC under Linux 6.18, and ftrace recorded every switch and wakeup.
Replayed on a model of that machine, what does each command see? (One CPU of the recording lacks
some switches, so the record has less CPU time of the hog than it used.)
'
show run -t epyc-2cpu-vm -w rt-app -p linux-6.12 -o "$out/rt-app" >"$out/rt-app.txt"
sed -n '1p;/^The recording/,$p' "$out/rt-app.txt"

say 'A database server on two EPYC 7763, NPS4: 256 CPUs, 8 nodes'
echo 'Sixteen servers with sixteen workers each. linux-6.12 balances over the sched_domains;
eevdf-random puts a task that wakes on any CPU.
'
show run -t epyc-7763-2s-nps4 -w db-server:replicas=16 -p linux-6.12 -p eevdf-random -d 1s \
    -o "$out/db-server" >"$out/db-server.txt"
sed -n 1p "$out/db-server.txt"
part 'latency|throughput|CPU|migrations' <"$out/db-server.txt" |
    grep -v -e request_wait -e waking_ -e 'reason' -e cpu.wasted_ns

say 'Processes larger than a node, on the same machine'
echo 'Four processes of sixteen threads: each thread works in memory of its own, and in a table that the
first one filled. Who keeps threads at their memory?
'
show run -t epyc-7763-2s-nps4 -w numa-process:replicas=4 -p linux-6.12 -p eevdf-random -d 3s \
    --warmup 2s -o "$out/numa-process" >"$out/numa-process.txt"
sed -n 1p "$out/numa-process.txt"
part 'throughput|CPU|memory' <"$out/numa-process.txt" |
    grep -v -e 'node[0-9]' -e cpu.wasted_ns -e forks -e preempt

say 'Pictures'
db=$out/db-server numa=$out/numa-process
for format in svg png; do
    "$numasim" plot "$db/linux-6.12/seed-1" "$db/eevdf-random/seed-1" -o "$out/latency.$format"
    "$numasim" plot -k access "$numa/linux-6.12/seed-1" "$numa/eevdf-random/seed-1" \
        -o "$out/access.$format"
    "$numasim" plot -k occupancy "$numa/eevdf-random/seed-1" --from 2s --to 2500ms \
        -o "$out/who-runs-where.$format"
done
printf '\nEverything is in %s: the whole tables, the results, the pictures.\n' "$out"
