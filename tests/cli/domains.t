#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: `topology show` and `topology domains`: their formats, and the options that change the domains.
. "$(dirname "$0")/tap.sh"

domains() {
    call "$NUMASIM" topology domains "$@"
    [ "$status" -eq 0 ] && [ ! -s err ] || { cat err; return 1; }
}

# prints NAME LINES ARGUMENT...: `topology domains ARGUMENT...` prints LINES among others, in order
# and next to one another.
prints() {
    name=$1
    printf '%s\n' "$2" >wanted
    shift 2
    ok "domains $* succeeds" domains "$@"
    # shellcheck disable=SC2016 # perl's variables
    ok "$name" perl -0777 -e 'open(W, "<wanted"); open(O, "<out"); $w = <W>; $o = "\n" . <O>;
        exit(index($o, "\n" . $w) < 0)'
}

# Eight CPUs in two nodes: MC on four of them (mask 0f), NUMA on all (ff). 36 counters to a domain in
# versions 15 and 16, 45 in 17.
zeros=$(printf ' 0%.0s' $(seq 36))
prints 'schedstat of 6.1' "version 15
timestamp 4294892296
cpu0 0 0 0 0 0 0 0 0 0
domain0 0f$zeros
domain1 ff$zeros
cpu1 0 0 0 0 0 0 0 0 0" teach-numa-2x4 --kernel 6.1 --format schedstat
prints 'schedstat of 6.12' "version 16
timestamp 4294892296
cpu0 0 0 0 0 0 0 0 0 0
domain0 0f$zeros" teach-numa-2x4 --kernel 6.12 --format schedstat
prints 'schedstat of 7.3' "version 17
timestamp 4294892296
cpu0 0 0 0 0 0 0 0 0 0
domain0 MC 0f$zeros 0 0 0 0 0 0 0 0 0
domain1 NUMA ff$zeros 0 0 0 0 0 0 0 0 0" teach-numa-2x4 --kernel 7.3 --format schedstat

flags='SD_BALANCE_NEWIDLE SD_BALANCE_EXEC SD_BALANCE_FORK SD_WAKE_AFFINE SD_SHARE_LLC'
prints 'debugfs of 6.12' "cpu7/domain0/min_interval:4
cpu7/domain0/max_interval:8
cpu7/domain0/max_newidle_lb_cost:0
cpu7/domain0/busy_factor:16
cpu7/domain0/imbalance_pct:117
cpu7/domain0/cache_nice_tries:1
cpu7/domain0/name:MC
cpu7/domain0/flags:$flags SD_PREFER_SIBLING 
cpu7/domain0/groups_flags:
cpu7/domain0/level:2
cpu7/domain1/min_interval:8" teach-numa-2x4 --format debugfs
sort out >printed
ok 'into a folder' domains teach-numa-2x4 --format debugfs -o new/tree
ok 'prints nothing then' test ! -s out
(cd new/tree && grep -r '' -- *) | sort >found
ok 'the same files stand there' cmp printed found
ok 'and nothing beside them' test "$(ls new)" = tree
refuses 2 'new/tree exists; expected the path of a new folder' \
    topology domains teach-numa-2x4 --format debugfs -o new/tree
ok 'into a file' domains teach-numa-2x4 --format json -o domains.json
ok 'which is JSON' is_json domains.json
refuses 2 'none/domains.dot' topology domains teach-numa-2x4 --format dot -o none/domains.dot

ok 'dot' domains teach-numa-2x4 --format dot
ok 'is a graph' grep -q '^digraph ' out
if command -v dot >/dev/null; then
    for name in $("$NUMASIM" topology list --format names); do
        "$NUMASIM" topology domains "$name" --format dot >one.dot
        ok "Graphviz draws the domains of $name" dot -Tsvg -o picture.svg one.dot
        "$NUMASIM" topology show "$name" --format dot >one.dot
        ok "Graphviz draws $name" dot -Tsvg -o picture.svg one.dot
    done
else
    skip 'Graphviz draws it' 'no dot'
fi

# What cpusets, boot options and hot-plug leave.
prints 'a tree' 'NUMA distance <= 20, 8 CPUs: 0-7
|  2 groups: 0-3 | 4-7
|  imbalance_pct 117, interval 8-16 ms, busy_factor 16, cache_nice_tries 2, imb_numa_nr 1
|  BALANCE_NEWIDLE BALANCE_EXEC BALANCE_FORK WAKE_AFFINE SERIALIZE OVERLAP NUMA
`- 2 x MC, 4 CPUs each, sd_llc: 0-3 | 4-7' teach-numa-2x4
prints 'two partitions' 'MC, 2 CPUs, sd_llc: 0-1' teach-numa-2x4 --partition 0-1 --partition 2-4
ok 'the second is there' grep -q '^NUMA distance <= 20, 3 CPUs: 2-4$' out
ok 'and what is left' grep -q '^MC, 3 CPUs, sd_llc: 5-7$' out
prints 'an isolated partition' 'Without domains: CPUs 4-7' \
    teach-numa-2x4 --partition isolated:4-7
prints 'isolcpus' 'Without domains: CPUs 7' teach-numa-2x4 --isolated 7
prints 'offline CPUs' 'Offline: CPUs 2-3' teach-numa-2x4 --offline 2-3
domains teach-numa-2x4 --offline 2-3 --format schedstat
ok 'are not in schedstat' test "$(grep -c '^cpu' out)" -eq 6
domains teach-numa-2x4 --relax-domain-level 3
ok 'relax_domain_level=3 stops newidle balancing at NUMA' \
    test "$(grep -c BALANCE_NEWIDLE out)" -eq 1
domains opteron-magny-cours-4s --kernel 4.3 --format json
cp out release.json
domains opteron-magny-cours-4s --kernel 4.3 --overlap-groups from-cpu0 --format json
ok 'from-cpu0 is the rule of 4.3' cmp out release.json
domains opteron-magny-cours-4s --kernel 4.3 --overlap-groups from-self --format json
ok 'from-self gives other groups' sh -c '! cmp -s out release.json'
domains opteron-magny-cours-4s --kernel 6.12 --hotplug-drops-numa on
ok 'hotplug-drops-numa costs nothing' grep -q '^NUMA distance' out
domains opteron-magny-cours-4s --kernel 6.12 --hotplug-drops-numa on --reonlined
ok 'until a CPU came back' sh -c '! grep -q "^NUMA distance" out'
domains opteron-magny-cours-4s --kernel 4.3 --reonlined
cp out gone
domains opteron-magny-cours-4s --kernel 4.3 --reonlined --hotplug-drops-numa off
ok 'which off prevents' sh -c '! cmp -s out gone'
refuses 2 "(did you mean 'from-self'?)" topology domains teach-numa-2x4 --overlap-groups from-selv
refuses 2 "--partition: '0-9': too large; the largest here is 7" \
    topology domains teach-numa-2x4 --partition 0-9
refuses 2 '--partition: CPU 1 is in two partitions' \
    topology domains teach-numa-2x4 --partition 0-1 --partition 1-2
refuses 2 '--partition: no CPU is named' topology domains teach-numa-2x4 --partition isolated:
refuses 2 "--isolated: 'x': not a number" topology domains teach-numa-2x4 --isolated x
refuses 2 '--offline: no CPU is left' topology domains teach-numa-2x4 --offline 0-7
refuses 2 '--relax-domain-level: bad value' \
    topology domains teach-numa-2x4 --relax-domain-level=-2
refuses 2 "(did you mean 'schedstat'?)" topology domains teach-numa-2x4 --format schedstt

# The drawing of a machine has the domains of the release that is asked for.
call "$NUMASIM" topology show teach-numa-2x4
ok 'show draws the domains of 6.12' \
    grep -q '^sched_domains of Linux 6.12; NUMA levels 10 20, NUMA_DIRECT$' out
ok 'as a tree' grep -qF -x '  `- 2 x MC, 4 CPUs each: 0-3 | 4-7' out
call "$NUMASIM" topology show teach-numa-2x4 --kernel 6.1
ok 'or of 6.1' grep -q 'SHARE_PKG_RESOURCES' out
call "$NUMASIM" topology show teach-numa-2x4 --format dot
ok 'show --format dot' grep -qF 'n0 -> n1 [label="20", dir=none];' out
refuses 2 '--kernel: ' topology show teach-numa-2x4 --kernel five
done_testing
