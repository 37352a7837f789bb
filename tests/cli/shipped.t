#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: everything shipped is listed, good, and can be shown as text and as JSON.
. "$(dirname "$0")/tap.sh"

# shows NAME ARGUMENT...: prints something, and nothing to standard error.
shows() {
    call "$NUMASIM" "$@"
    [ "$status" -eq 0 ] && [ -s out ] && [ ! -s err ] || { cat err; return 1; }
}

shows_json() {
    shows "$@" --format json && is_json out
}

for kind in topology workload policy; do
    names=$("$NUMASIM" $kind list --format names)
    ok "there is a shipped $kind" test -n "$names"
    ok "$kind list" shows $kind list
    ok "$kind list as JSON" shows_json $kind list
    # shellcheck disable=SC2086 # one word to a name
    ok "every $kind is good" shows $kind validate $names
    for name in $names; do
        ok "$kind show $name" shows $kind show "$name"
        ok "$kind show $name as JSON" shows_json $kind show "$name"
    done
done
for name in $("$NUMASIM" topology list --format names); do
    ok "topology domains $name" shows topology domains "$name"
    ok "topology domains $name as JSON" shows_json topology domains "$name" --kernel 6.1
    ok "topology domains $name in 7.3" shows topology domains "$name" --kernel 7.3
    ok "topology domains $name as schedstat" shows topology domains "$name" --format schedstat
    ok "topology domains $name as debugfs" shows topology domains "$name" --format debugfs
    ok "topology domains $name for Graphviz" shows topology domains "$name" --format dot
    ok "topology show $name for Graphviz" shows topology show "$name" --format dot
done
ok 'sets alone' test "$("$NUMASIM" policy list --sets --format names | grep -cx eevdf)" -eq 0
ok 'plugins alone' test "$("$NUMASIM" policy list --plugins --format names | grep -c 'linux-6')" -eq 0

# Of several files, the bad ones are told and nothing else.
printf 'numasim: topology/1\nnonsense: 1\n' >bad.yaml
call "$NUMASIM" topology validate teach-uma-4 ./bad.yaml
ok 'a bad topology among good ones' refused 2 './bad.yaml:2:1: '
printf 'numasim: workload/1\nnonsense: 1\n' >bad.yaml
call "$NUMASIM" workload validate ./bad.yaml
ok 'a bad workload' refused 2 './bad.yaml:2:1: '
printf 'numasim: policy-set/1\nnonsense: 1\n' >bad.yaml
call "$NUMASIM" policy validate ./bad.yaml
ok 'a bad policy set' refused 2 './bad.yaml:2:1: '

# Folders of one's own.
mkdir -p own/topologies own/workloads own/policies
source=$("$NUMASIM" topology show teach-uma-4 --format json)
ok 'show says where numbers come from' sh -c 'echo "$1" | grep -q sources' sh "$source"
printf 'numasim: policy-set/1\ndescription: mine\nextends: fifo-none\n' >own/policies/mine.yaml
NUMASIM_PATH=$scratch/own
export NUMASIM_PATH
ok 'NUMASIM_PATH adds a set' sh -c '"$1" policy list --format names | grep -qx mine' sh "$NUMASIM"
ok 'which extends a shipped one' shows policy show mine
ok 'and leaves the shipped ones' shows policy show linux-6.12
done_testing
