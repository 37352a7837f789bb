#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: the READMEs' examples are good and run, and the READMEs know every key that the readers know.
. "$(dirname "$0")/tap.sh"
tree=$(cd "$tests/.." && pwd)

# examples README KIND: its ```yaml blocks that are whole files of KIND become KIND-1.yaml and so on.
examples() {
    awk -v kind="$2" '/^```yaml$/ { inside = 1; first = 1; next }
        /^```$/ { inside = 0; if (file != "") close(file); file = ""; next }
        inside && first { first = 0; if (index($0, "numasim: " kind "/1") == 1) file = kind "-" ++nr ".yaml" }
        inside && file != "" { print >file }' "$1"
}

good() {
    call "$NUMASIM" "$1" validate "$2"
    [ "$status" -eq 0 ] || { cat err "$2"; return 1; }
}

runs() {
    call "$NUMASIM" run -t "$1" -w "$2" -p "$3"
    [ "$status" -eq 0 ] && [ ! -s err ] || { cat err; return 1; }
}

for kind in topology workload; do
    case $kind in topology) readme=topologies ;; *) readme=workloads ;; esac
    examples "$tree/$readme/README.md" $kind
    ok "$readme/README.md has examples of files" test -f $kind-1.yaml
    for file in $kind-*.yaml; do
        ok "$readme/README.md: $file is good" good $kind "./$file"
    done
done
for file in topology-*.yaml; do
    ok "$file runs" runs "./$file" spinners linux-6.12
done
machine=./topology-2.yaml # "Everything about memory"
for file in workload-*.yaml; do
    ok "$file runs" runs "$machine" "./$file" linux-6.12
done
cat workload-*.yaml >workloads
cat topology-*.yaml >topologies

mkdir sets root
(cd sets && examples "$tree/policies/README.md" policy-set)
for file in sets/*.yaml; do
    call "$NUMASIM" policy validate "./$file"
    ok "policies/README.md: $file is good" test "$status" -eq 0
done
(cd root && examples "$tree/README.md" workload)
for file in root/*.yaml; do
    [ -f "$file" ] || continue
    ok "README.md: $file runs" runs teach-numa-2x4 "./$file" linux-6.12
done

# ---------------------------------------------------------------------------------------------
# Every key

# keys KIND FILE: what a reader says that it knows, of the unknown key zzzz in FILE.
keys() {
    call "$NUMASIM" "$1" validate "$2"
    sed -n "s/.*'zzzz'; expected one of \([a-z0-9., _-]*\).*/\1/p" err | tr -d ',' | head -n 1
}

# documented KEY README: in backticks, alone or at the head of what it takes, or behind a brace.
documented() {
    grep -qE "[\`{ ]$1[\`:]" "$2"
}

shown() {
    grep -qE "(^|[{ -])$1(:|[],]|$)" "$2"
}

# knows README EXAMPLES WHERE KIND: of the file bad.yaml. Without EXAMPLES, none has to show the keys.
knows() {
    known=$(keys "$4" ./bad.yaml)
    ok "$3 has keys" test -n "$known"
    for key in $known; do
        ok "$1 documents '$key' of $3" documented "$key" "$tree/$1"
        [ -z "$2" ] || ok "an example of $1 shows '$key' of $3" shown "$key" "$2"
    done
}

# workload WHERE TEXT [EXAMPLES]
workload() {
    printf 'numasim: workload/1\nduration: 1s\n%s\n' "$2" >bad.yaml
    knows workloads/README.md "${3:-}" "$1" workload
}

threads='threads: {t: {program: [forever: [run: 1ms]]}}'
workload 'the root' 'zzzz: 1'
workload 'a process' 'processes: {p: {zzzz: 1}}'
workload 'a thread group' 'processes: {p: {threads: {t: {zzzz: 1}}}}'
workload 'a region' "processes: {p: {regions: {r: {zzzz: 1}}, $threads}}" workloads
workload 'hot' "processes: {p: {regions: {r: {size: 1MiB, hot: {zzzz: 1}}}, $threads}}" workloads
workload 'a policy' "processes: {p: {policy: {zzzz: 1}, $threads}}" workloads
workload 'a step' 'processes: {p: {threads: {t: {program: [zzzz: 1]}}}}'
workload 'access' 'processes: {p: {threads: {t: {program: [access: {zzzz: 1}]}}}}' workloads
workload 'touch' 'processes: {p: {threads: {t: {program: [touch: {zzzz: 1}]}}}}' workloads
workload 'a cgroup' "cgroups: {c: {zzzz: 1}}
processes: {p: {$threads}}"
workload 'an item of admin' "admin: [{at: 1s, zzzz: 1}]
processes: {p: {$threads}}" workloads
for item in cpuset weight quota affinity mems move migratepages; do
    workload "admin's $item" "admin: [{at: 1s, $item: {zzzz: 1}}]
processes: {p: {$threads}}"
done
for key in memory.max memory.high memory.low memory.min mem_reservation oom_score_adj exec quota migrate from; do
    ok "an example of workloads/README.md shows '$key'" shown "$key" workloads
done

# topology WHERE BLOCK TEXT [EXAMPLES]: with TEXT in place of BLOCK in the first example.
topology() {
    { awk -v block="$2:" 'index($0, block) == 1 { skip = 1; next } /^[a-z]/ { skip = 0 } !skip' \
        topology-1.yaml; printf '%s\n' "$3"; } >bad.yaml
    knows topologies/README.md "${4:-}" "$1" topology
}

topology 'the file' none 'zzzz: 1'
topology 'cpus' cpus 'cpus: {zzzz: 1}'
topology 'a list of cpus' cpus 'cpus: {list: [{zzzz: 1}], source: x}'
topology 'memory' memory 'memory: {zzzz: 1}' topologies
topology 'a node' memory 'memory: {nodes: [{zzzz: 1}], source: x}' topologies
topology 'hmat' memory 'memory: {nodes: [{nodes: 0-1, size: 1GiB, hmat: {zzzz: 1}}], source: x}' topologies
for block in distances latency bandwidth frequency; do
    topology "$block" $block "$block: {zzzz: 1}"
done
for block in caches links load tlb costs; do
    [ $block = costs ] && file= || file=topologies
    topology "$block" $block "$block: {zzzz: 1}" $file
done
topology 'a link' links 'links: {list: [{zzzz: 1}], source: x}' topologies
topology 'a point of load' load 'load: {latency: [{zzzz: 1}], source: x}' topologies
for key in pte-scan tlb-shootdown tlb-shootdown-cpu resched page-move page-move-copy hint-fault; do
    ok "an example of topologies/README.md shows '$key'" shown "$key" topologies
done
done_testing
