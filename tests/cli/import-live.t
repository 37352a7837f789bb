#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: numasim topology import --live: the machine that the tests run on, whatever it is, and what
# measuring it gives. A container may refuse any of it; then it must say why.
. "$(dirname "$0")/tap.sh"

refuses 2 '--live' topology import --measure -o none.yaml

call "$NUMASIM" topology import --live -o live.yaml
if [ "$status" -ne 0 ]; then
    ok 'a machine that cannot be read says why' refused 2 ''
    done_testing
    exit 0
fi
ok 'nothing goes to standard output' test ! -s out
ok 'this machine is a good topology' "$NUMASIM" topology validate ./live.yaml
ok 'with its CPUs from sysfs' grep -q 'source: .*sysfs' live.yaml
ok 'what was filled in is told' grep -q 'not stated' err

# One CPU is enough to try it, and takes the least time where there are many nodes.
one=''
if command -v taskset >/dev/null; then
    one="taskset -c $(taskset -cp $$ | sed 's/.*: *//; s/[-,].*//')"
fi
# shellcheck disable=SC2086 # no taskset, no words
call $one "$NUMASIM" topology import --live --measure -o measured.yaml
if [ "$status" -ne 0 ]; then
    ok 'memory that cannot be measured says why' refused 2 'nothing could be measured'
    done_testing
    exit 0
fi

for block in latency bandwidth; do
    sed -n "/^$block:/,/^\$/p" measured.yaml >"$block"
done
ok 'a measured machine is a good topology' "$NUMASIM" topology validate ./measured.yaml
ok 'its latencies are measured' grep -q 'measured on this machine' latency
ok 'its bandwidths are measured' grep -q 'measured on this machine' bandwidth
# The reader of topologies has refused latencies of 0; an unknown bandwidth is one of 0.
ok 'and more than 0' grep -qE '[1-9][0-9.]*[kMGT]?B/s' bandwidth
ok 'no bar goes to what is no terminal' sh -c "! grep -q '$(printf '\r')' err"
done_testing
