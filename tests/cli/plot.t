#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: numasim plot draws each kind in each format, and its script is the same every time.
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
ok 'a label is quoted' sh -c \
    '"$1" plot linux-6.12 -l "it'"'"'s" --script | grep -qF "label1 = '"'it''s'"'"' sh "$NUMASIM"

"$NUMASIM" run -t teach-uma-4 -w teach-ps -d 300ms --warmup 100ms -p rr-none -p fifo-none \
    -o both >/dev/null
ok "a policy's folder stands for its only seed" "$NUMASIM" plot both/rr-none both/fifo-none --script
refuses 2 'both: holds no result.json; expected the folder of one run' plot both
"$NUMASIM" run -t teach-uma-4 -w teach-ps -d 300ms --warmup 100ms -p rr-none -n 2 -o seeds >/dev/null
refuses 2 'seeds/rr-none: holds 2 results; expected one of them, such as seeds/rr-none/seed-1' \
    plot seeds/rr-none
call "$NUMASIM" plot nowhere
ok 'a path is named once' test "$(grep -o nowhere err | wc -l)" -eq 1

refuses 2 "no histogram 'wakeup'" plot linux-6.12 -m wakeup
refuses 2 'expected a name with .svg, .png or .pdf' plot linux-6.12 -o x.jpg
refuses 2 '1 labels for 2 results' plot linux-6.12 fifo-none -l one
refuses 2 'expected one for the kind' plot -k occupancy linux-6.12 fifo-none
refuses 2 'nothing between --from and --to' plot -k occupancy linux-6.12 --from 2s
cp -r linux-6.12 changed
echo '# another' >>changed/db-server.yaml
refuses 2 "no copy of the workload 'db-server' as it was" plot -k occupancy changed
cp -r linux-6.12 forged
sed -i 's/^ "digest": ".\{32\}"/ "digest": "00000000000000000000000000000000"/' forged/result.json
refuses 2 'simulated again it gives the digest' plot -k occupancy forged

if command -v gnuplot >/dev/null; then
    for kind in cdf access occupancy; do
        for format in svg png pdf; do
            call "$NUMASIM" plot -k "$kind" linux-6.12 -o "$kind.$format"
            ok "$kind as $format" test "$status" -eq 0 -a -s "$kind.$format"
            sed 's/^/# /' err
        done
        ok "$kind.svg is whole" grep -q '</svg>' "$kind.svg"
    done
    ok 'nothing else is left' test -z "$(find . -name '*.part')"
else
    skip 'pictures' 'no gnuplot'
fi
done_testing
