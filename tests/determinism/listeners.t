#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: neither listeners nor the skipping of ticks change what happens; seeds do.
. "$(dirname "$0")/../cli/tap.sh"

# result NAME ARGUMENT...: runs, and leaves result.json as NAME.json.
result() {
    name=$1
    shift
    rm -rf folder
    "$NUMASIM" run "$@" -o folder >/dev/null && mv folder/result.json "$name.json"
}

digest() {
    perl -MJSON::PP -0777 -ne 'print JSON::PP->new->decode($_)->{digest}, "\n"' "$1.json"
}

same_digest() {
    [ -n "$(digest "$1")" ] && [ "$(digest "$1")" = "$(digest "$2")" ]
}

for case in 'teach-numa-2x4 db-server linux-6.12' 'epyc-7763-2s-nps1 numa-process linux-6.12' \
    'epyc-2cpu-vm make-j4 linux-6.12' 'teach-uma-4 spinners eevdf-random' \
    'xeon-8480-2s-snc4 schbench linux-6.12' 'teach-uma-4 teach-shares linux-6.12' \
    'teach-numa-2x4 phases rr-none' 'teach-uma-4 pipe-pingpong fifo-none'; do
    # shellcheck disable=SC2086 # three words
    set -- $case
    set -- -t "$1" -w "$2" -p "$3" -d 1500ms --warmup 500ms
    result plain "$@"
    result ticks "$@" --all-ticks
    ok "$case: --all-ticks changes nothing in the result" cmp plain.json ticks.json
    result series "$@" --series 7ms
    ok "$case: a series does not change the digest" same_digest plain series
    result occupancy "$@" --occupancy
    ok "$case: recording who ran where changes nothing in the result" cmp plain.json occupancy.json
done

set -- -t teach-numa-2x4 -w db-server -p linux-6.12 -d 1s
result one "$@" --seed 1
result two "$@" --seed 2
ok 'another seed is another run' sh -c '! cmp -s one.json two.json'
result again "$@" --seed 1
ok 'the same seed is the same run' cmp one.json again.json
done_testing
