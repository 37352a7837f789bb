#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: results/METRICS.md names every metric that runs print, and none that no run prints.
. "$(dirname "$0")/tap.sh"
list=$tests/../results/METRICS.md

# The names of the list as patterns of whole lines; GROUP and "also with" as they are written.
awk -F '|' '/^\| `/ {
        also = index($3, "also with")
        n = split($2, words, "`")
        for (i = 2; i <= n; i += 2) {
            print words[i]
            if (also && words[i] !~ /^GROUP/) print "GROUP." words[i]
        }
    }' "$list" | sed 's/\./\\./g
        s/GROUP/(comm|process)\\.NAME/; s/NAME/.+/g; s/LEVEL/(none|[A-Z0-9]+)/
        s/STAT/(count|mean|max|p50|p90|p99|p99\\.9)/; s/nodeN/node[0-9]+/; s/linkA-B/link[0-9]+-[0-9]+/
        s/^/^/; s/$/$/' | sort -u >patterns
ok 'there is a list' test -s patterns

cat >cgroups.yaml <<'END'
numasim: workload/1
duration: 300ms
cgroups: {a: {quota: 50ms, period: 100ms, memory.max: 64MiB}}
processes:
  p:
    cgroup: a
    regions: {r: {size: 32MiB, touch: first}}
    threads: {t: {count: 2, program: [access: {misses: {r: 1/us}, mlp: 1}, forever: [{run: 1ms}, yield]]}}
END
cat >request.yaml <<'END'
numasim: workload/1
duration: 2s
objects: {s: {semaphore: 0}}
arrivals: {web: {poisson: 500/s}}
processes:
  p:
    regions: {r: {size: 256MiB, page: 2MiB, touch: first}}
    threads:
      server: {count: 4, program: [access: {misses: {r: 5/us}, mlp: 1}, forever: [serve: {from: web, do: [run: 1ms]}]]}
      hog: {count: 4, program: [access: {misses: {r: 20/us}, mlp: 4}, forever: [measure: {name: m, do: [run: 3ms]}, signal: s]]}
      sleeper: {program: [forever: [wait: s, run: 100us, count: rounds]]}
END

cat >bandwidth.yaml <<'END'
numasim: workload/1
duration: 300ms
processes:
  p:
    regions: {r: {size: 256MiB, touch: first}}
    threads: {t: {count: 8, cpus: 0-7, program: [access: {misses: {r: 100/us}, mlp: 10}, forever: [run: 1ms]]}}
END

cat >replicated.yaml <<'END'
numasim: workload/1
duration: 6s
processes:
  p:
    regions: {r: {size: 16MiB, touch: first}}
    threads: {t: {count: 8, cpus: 0-7, spread: true, program: [access: {misses: {r: 40/us}, mlp: 4}, forever: [run: 1ms]]}}
END

# prints ARGUMENT...: the names of a run.
prints() {
    call "$NUMASIM" run "$@" --format json
    ok "run $*" test "$status" -eq 0
    sed -n 's/^  "\([^"]*\)": {"value".*/\1/p' out >>names
}

prints -t teach-numa-2x4 -w ./request.yaml -p linux-6.12 --set numa.scan_delay_ms=100
prints -t teach-numa-2x4 -w ./cgroups.yaml -p linux-6.12
prints -t xeon-6130-2s -w fork-join -w hackbench -p linux-6.12 --duration 200ms
prints -t epyc-7451-2s -w ./bandwidth.yaml -p linux-6.12
prints -t teach-numa-2x4 -w numa-process -p linux-6.12 --duration 1s --warmup 0s
prints -t teach-numa-2x4 -w ./replicated.yaml -p carrefour
prints -t teach-uma-4 -w fork-join -p oracle --duration 100ms
prints -t epyc-2cpu-vm -w rt-app -p linux-6.18 --duration 200ms
sort -u names >printed

grep -vE -f patterns printed >unknown
ok 'every metric of these runs is in the list' test ! -s unknown
sed 's/^/# not in the list: /' unknown
while read -r pattern; do
    grep -qE -e "$pattern" printed || echo "$pattern"
done <patterns >unseen
ok 'every name in the list is printed by one of these runs' test ! -s unseen
sed 's/^/# printed by none: /' unseen
done_testing
