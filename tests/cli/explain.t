#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: numasim explain: what latencies are made of, and why CPU time was wasted.
. "$(dirname "$0")/tap.sh"

"$NUMASIM" run -t teach-numa-2x4 -w db-server -w spinners -p linux-6.12 -d 1s --warmup 100ms -o result >/dev/null
call "$NUMASIM" explain result
ok 'a run is explained' test "$status" -eq 0
ok 'its requests' grep -q '^request_latency_ns.clients, ' out
ok 'its wakeups, by who ran meanwhile' grep -Eq ' server/postgres [0-9]+%' out
ok 'and who waited while CPUs were idle' grep -Eq '^  (server/postgres|spinners/spinner|[a-z/-]+) +[a-z -]+ [0-9.]+[mu]s +[0-9.]+%' out
mv result/result.json kept && sed '/"digest": "[0-9a-f]*",$/s/[0-9a-f]\{8\}"/00000000"/' kept >result/result.json
refuses 2 'simulated again it gives the digest' explain result
mv kept result/result.json
call "$NUMASIM" explain --format json result
ok 'JSON' is_json out
refuses 2 'nowhere: cannot be read' explain nowhere

"$NUMASIM" run -t teach-numa-2x4 -w phases -p linux-6.12 -d 20ms -o short >/dev/null
call "$NUMASIM" explain short
ok 'a run whose tasks waste time before any was named' test "$status" -eq 0

done_testing
