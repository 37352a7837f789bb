#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: numasim plot draws each kind in each format, its script is the same every time, and its title says
# what the result says.
. "$(dirname "$0")/tap.sh"

for policy in linux-6.12 fifo-none; do
    "$NUMASIM" run -t teach-numa-2x4 -w db-server -d 300ms --warmup 100ms -p "$policy" \
        -o "$policy" >/dev/null
done
call "$NUMASIM" plot linux-6.12 fifo-none --script
ok 'the script of a distribution' grep -q '^plot for ' out
ok 'names both results' grep -q "^label2 = 'fifo-none'$" out
cp out first
call "$NUMASIM" plot linux-6.12 fifo-none --script
ok 'and is the same again' cmp first out
call "$NUMASIM" plot -k access linux-6.12 fifo-none --script
ok 'the script of accesses has a matrix for each' test "$(grep -c '^\$matrix' out)" -eq 2
call "$NUMASIM" plot -k occupancy linux-6.12 --from 100ms --to 110ms --script
ok 'the script of who runs where has a row for each CPU' \
    test "$(sed -n '/^\$cells/,/^EOD/p' out | wc -l)" -eq 10

# data NAME: the lines of that data block of the last script.
data() {
    sed -n "/^\$$1 << EOD/,/^EOD/p" out | sed '1d;$d'
}
# metric NAME RESULT: its value there.
metric() {
    perl -MJSON::PP -0777 -ne '
        BEGIN { $name = shift } print JSON::PP->new->decode($_)->{metrics}{$name}{value}' \
        "$1" "$2/result.json"
}
call "$NUMASIM" plot -k percentiles linux-6.12 fifo-none --script
ok 'percentiles: five bars to a result' test "$(data data1 | wc -l)" -eq 5
ok 'the last is the maximum' test "$(data data2 | awk 'END { print $2 }')" = \
    "$(metric request_latency_ns.clients.max fifo-none)"
call "$NUMASIM" plot -k migrations linux-6.12 fifo-none --script
ok 'migrations: levels, nearest first' grep -q "^group1 = 'MC'" out
ok 'and a bar to each' test "$(data data2 | wc -l)" -eq "$(grep -c '^group[0-9]' out)"
call "$NUMASIM" plot -k machine linux-6.12 --script
ok 'machine: a box to each CPU' test "$(data cpus | wc -l)" -eq 8
ok 'and to each package, node, LLC, memory' test "$(data boxes | wc -l)" -eq 8
call "$NUMASIM" plot -k queues linux-6.12 --script
ok 'queues: a row to each CPU' test "$(data cells | wc -l)" -eq 8
cp out first
call "$NUMASIM" plot -k queues linux-6.12 --script
ok 'and the same again' cmp first out
call "$NUMASIM" plot -k occupancy --color local linux-6.12 --script
ok 'the local share of accesses is that of the result' \
    grep -q "^finding = '.*: $("$NUMASIM" plot -k access linux-6.12 --script |
        sed -n "s/^share1 = '\(.*\)'/\1/p") of accesses are local'" out
call "$NUMASIM" plot -k pages linux-6.12 --script
ok 'pages: at the end each node has what the result says' test \
    "$(data nodes | awk 'END { printf "%.0f %.0f", $2 * 256, $3 * 256 }')" = \
    "$(($(metric memory.used_bytes.node0 linux-6.12) / 4096)) $((
        $(metric memory.used_bytes.node1 linux-6.12) / 4096))"
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
ok 'a run with copies of pages' test "$(metric memory.copy_bytes copied)" -gt 60000000
call "$NUMASIM" plot -k pages copied --script
ok 'pages: copies are in use, too' test \
    "$(data nodes | awk 'END { printf "%.0f %.0f", $2 * 256, $3 * 256 }')" = \
    "$(($(metric memory.used_bytes.node0 copied) / 4096)) $((
        $(metric memory.used_bytes.node1 copied) / 4096))"
call "$NUMASIM" plot -k bandwidth --from 100ms linux-6.12 --script
mean() { data nodes | awk '{ sum += $2 } END { print sum / NR * 1e9 }'; }
ok 'bandwidth: its mean is that of the result' awk -v mean="$(mean)" \
    -v reads="$(metric bandwidth.node0.read_bytes_per_s linux-6.12)" \
    -v writes="$(metric bandwidth.node0.write_bytes_per_s linux-6.12)" \
    'BEGIN { exit !(mean > (reads + writes) * 0.98 && mean < (reads + writes) * 1.02) }'

ok 'a label is quoted' sh -c \
    '"$1" plot linux-6.12 -l "it'"'"'s" --script | grep -qF "label1 = '"'it''s'"'"' sh "$NUMASIM"

"$NUMASIM" run -t teach-uma-4 -w teach-ps -d 300ms --warmup 100ms -p rr-none -p fifo-none \
    -o both >/dev/null
ok "a policy's folder stands for its only seed" "$NUMASIM" plot both/rr-none both/fifo-none --script
for command in explain trace; do
    ok "also with $command" "$NUMASIM" "$command" both/rr-none
done
ok 'and with diff' "$NUMASIM" diff both/rr-none both/fifo-none
mkdir none
for command in plot explain trace 'diff both/rr-none'; do
    # shellcheck disable=SC2086 # words of a command line
    refuses 2 'numasim: both: holds 2 results; expected one of them, such as both/fifo-none/seed-1' \
        $command both
    # shellcheck disable=SC2086
    refuses 2 'numasim: none: no result in it; expected result.json, there or in folders below' \
        $command none
    # shellcheck disable=SC2086
    refuses 2 'numasim: nowhere: cannot be read: No such file or directory' $command nowhere
done
"$NUMASIM" run -t teach-uma-4 -w teach-ps -d 300ms --warmup 100ms -p rr-none -n 2 -o seeds >/dev/null
refuses 2 'seeds/rr-none: holds 2 results; expected one of them, such as seeds/rr-none/seed-1' \
    plot seeds/rr-none
call "$NUMASIM" plot nowhere
ok 'a path is named once' test "$(grep -o nowhere err | wc -l)" -eq 1

refuses 2 "no histogram 'wakeup'" plot linux-6.12 -m wakeup
refuses 2 "the kind 'machine': --from and --to are for a time axis" plot -k machine linux-6.12 --from 1ms
refuses 2 "the kind 'pages': --metric is of latencies" plot -k pages linux-6.12 -m wakeup_latency_ns
"$NUMASIM" compare --update-baseline base linux-6.12 >/dev/null 2>&1
for kind in cdf percentiles; do
    refuses 2 'no histograms in it, as in those of a baseline' plot -k "$kind" base
done

# The title of a part of the run is of that part.
call "$NUMASIM" plot -k occupancy linux-6.12 --script
ok 'occupancy: of all as the result says' grep -q \
    "^finding = 'db-server with linux-6.12: .* busy, $(metric migrations.total linux-6.12) migrations'" out
call "$NUMASIM" plot -k occupancy linux-6.12 --from 100ms --to 110ms --script
ok 'of a part as it was then' grep -q "^finding = 'db-server with linux-6.12, 100ms to 110ms: " out
events() {
    "$NUMASIM" trace linux-6.12 --from 100ms --to 110ms | grep -c "$1"
}
ok 'migrations' grep -q " in use, $(events 'sched_migrate_task:') migrations'" out
for kind in queues pages 'occupancy --color local'; do
    # shellcheck disable=SC2086 # two words
    call "$NUMASIM" plot -k $kind linux-6.12 --from 100ms --to 110ms --script
    ok "$kind says which part" grep -q "^finding = 'db-server with linux-6.12, 100ms to 110ms: " out
    ok 'and nothing of the whole' test "$(grep -c '^finding.*wasted' out)" -eq 0
done
call "$NUMASIM" plot -k bandwidth linux-6.12 --from 100ms --to 110ms --script
ok 'so does bandwidth' grep -q "^detail = 'db-server with linux-6.12, 100ms to 110ms on " out
refuses 2 'expected a name with .svg, .png or .pdf' plot linux-6.12 -o x.jpg
refuses 2 '--label: 1 for 2 results; expected one for each' plot linux-6.12 fifo-none -l one
refuses 2 '--label: 2 for 1 result; expected one for each' plot linux-6.12 -l one -l two
refuses 2 '--label: it is empty' plot linux-6.12 -l ''
refuses 2 '--label: it has a control character' plot linux-6.12 -l 'a
b'
refuses 2 'expected one for the kind' plot -k occupancy linux-6.12 fifo-none
"$NUMASIM" run -t teach-uma-4 -w teach-ps -d 300ms --warmup 100ms -p rr-none -o no-memory >/dev/null
for kind in access bandwidth; do
    refuses 2 'no memory was accessed' plot -k "$kind" no-memory
done
refuses 2 'no memory was accessed' plot -k occupancy --color local no-memory
refuses 2 'no memory is used' plot -k pages no-memory
refuses 2 'expected at most 4' plot -k access linux-6.12 linux-6.12 linux-6.12 linux-6.12 linux-6.12
refuses 2 "bad value 'heat'" plot -k heat linux-6.12
mkdir bare
perl -pe 's/"cpu_times"/"cpu_timez"/; s/"migrations\./"imigrations./' linux-6.12/result.json \
    >bare/result.json
cp linux-6.12/*.yaml bare
refuses 2 'has no CPU times' plot -k machine bare
refuses 2 'nothing between --from and --to' plot -k occupancy linux-6.12 --from 2s
cp -r linux-6.12 changed
echo '# another' >>changed/db-server.yaml
refuses 2 "no copy of the workload 'db-server' as it was" plot -k occupancy changed
cp -r linux-6.12 forged
sed -i 's/^ "digest": ".\{32\}"/ "digest": "00000000000000000000000000000000"/' forged/result.json
refuses 2 'simulated again it gives the digest' plot -k occupancy forged

if command -v gnuplot >/dev/null; then
    for kind in cdf percentiles migrations access machine occupancy queues pages bandwidth; do
        for format in svg png pdf; do
            call "$NUMASIM" plot -k "$kind" linux-6.12 -o "$kind.$format"
            ok "$kind as $format" test "$status" -eq 0 -a -s "$kind.$format"
            sed 's/^/# /' err
        done
        ok "$kind.svg is well-formed" xmllint --noout "$kind.svg"
    done
    ok 'nothing else is left' test -z "$(find . -name '*.part')"
else
    skip 'pictures' 'no gnuplot'
fi
done_testing
