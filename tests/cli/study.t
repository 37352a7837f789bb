#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: numasim study: what it prints and writes, where its expectations hold and where not.
. "$(dirname "$0")/tap.sh"

cat >small.yaml <<'Y'
numasim: study/1
question: Does the study say what it found?
topologies: [teach-uma-4]
workloads: [teach-shares]
policies: [linux-6.12, fifo-none]
seeds: 1-2
duration: 100ms
expect:
  - {metric: cpu.utilisation, over: each, between: [20%, 30%]}
Y
call "$NUMASIM" study small.yaml -o kept
ok 'a study that holds ends with 0' test "$status" -eq 0
ok 'and counts' grep -q '^2 of 2 expectations hold (4 runs)$' out
ok 'its folder has the study' cmp small.yaml kept/study.yaml
ok 'what came of it' is_json kept/study.json
ok 'and every result' test "$(find kept -name result.json | wc -l)" -eq 4
cp kept/study.json first.json
call "$NUMASIM" study small.yaml -o kept
ok 'an earlier study is replaced' test "$status" -eq 0
ok 'by the same' cmp first.json kept/study.json
call "$NUMASIM" study small.yaml --format json
ok 'and printed as JSON' cmp out kept/study.json

sed 's/\[20%, 30%\]/[10%, 11%]/' small.yaml >wrong.yaml
call "$NUMASIM" study wrong.yaml -o wrong
ok 'one that does not hold ends with 1' test "$status" -eq 1
ok 'says which' grep -q '^  FAILED  cpu.utilisation: fifo-none$' out
ok 'and keeps the results' is_json wrong/study.json

mkdir other && touch other/precious
refuses 2 'other exists and holds no study; expected a new folder, or --force' \
    study small.yaml -o other
ok 'what is no study stays' test -e other/precious
call "$NUMASIM" study small.yaml -o other --force
ok 'nor does it go by force' test "$status" -eq 0 -a -e other/precious -a -e other/study.json
echo mine >other/teach-uma-4/teach-shares/fifo-none/seed-2/notes
sed 's/linux-6.12, fifo-none/linux-6.1/; s/1-2/1-1/' small.yaml >less.yaml
call "$NUMASIM" study less.yaml -o other
ok 'or with the next study' test -e other/precious
ok 'which is there alone' test "$(find other -type f | grep -v '/linux-6.1/' | LC_ALL=C sort | tr '\n' ' ')" = \
    'other/precious other/study.json other/study.yaml other/teach-uma-4/teach-shares/fifo-none/seed-2/notes '
ok 'with its result' test "$(find other -name result.json | wc -l)" -eq 1
mkdir here && cp small.yaml here
(cd here && "$NUMASIM" study small.yaml -o . --force >/dev/null)
ok 'by force also into the present folder' test -f here/small.yaml -a -f here/study.json
mkdir theirs && sed 's/Does/Will/' small.yaml >theirs/study.yaml
refuses 2 'theirs/study.yaml is another study; expected another folder' study small.yaml -o theirs --force
call "$NUMASIM" study small.yaml -o here/small.yaml --force
ok 'but not over a file' refused 2 'small.yaml: cannot be made in'
sed 's/cpu.utilisation/cpu.utilization/' small.yaml >typo.yaml
refuses 2 "no metric 'cpu.utilization' in the runs of linux-6.12" study typo.yaml -o typo
ok 'and leaves no folder' test -z "$(find . -maxdepth 1 -name 'typo*' ! -name typo.yaml)"
sed 's/question: .*/question: ""/' small.yaml >silent.yaml
refuses 2 "silent.yaml:2:11: 'question' is empty" study silent.yaml
sed 's/fifo-none/fifo-nope/' small.yaml >missing.yaml
refuses 2 "missing.yaml:5:24: policy 'fifo-nope': " study missing.yaml
sed 's/20%, 30%/1ms, 2ms/' small.yaml >unit.yaml
refuses 2 "unit.yaml:9:53: 'cpu.utilisation' is measured in ratio; expected a bound like 0.95" \
    study unit.yaml
refuses 2 "nowhere.yaml" study nowhere.yaml
refuses 2 "no study 'mm2'; expected one that \`numasim study list\` shows" study mm2
call "$NUMASIM" study list
ok 'the list has names and questions' grep -q '^mm1  *[^ ]' out
call "$NUMASIM" study list --format json
ok 'also as JSON' is_json out
refuses 2 'expected table or json' study mm1 --format names

# Each policy on the domains of its own release, unless the study names one.
kernels() {
    find "$1" -name result.json -exec sed -n 's/.*"kernel": *\("[^"]*"\).*/\1/p' {} + | sort -u | tr '\n' ' '
}
sed 's/fifo-none/linux-6.1/' small.yaml >releases.yaml
call "$NUMASIM" study releases.yaml -o own
ok 'each cell has the release of its policy' test "$(kernels own)" = '"6.1" "6.12" '
{ cat releases.yaml; echo 'kernel: 7.3'; } >one.yaml
call "$NUMASIM" study one.yaml -o one
ok 'a study may name one for all' test "$(kernels one)" = '"7.3" '
# As many at once as wanted, and nothing twice.
call "$NUMASIM" study small.yaml --format json -j 1
cp out serial
call "$NUMASIM" study small.yaml --format json -j 3
ok 'the number of processes does not matter' cmp serial out
sed 's/seeds: 1-2/seeds: 1-64/; s/duration: 100ms/duration: 2s/' small.yaml >many.yaml
"$NUMASIM" study many.yaml -j 2 -o resumed >/dev/null 2>&1 &
running=$!
while kill -0 $running 2>/dev/null &&
    [ "$(find resumed.runs -name result.json 2>/dev/null | wc -l)" -lt 3 ]; do
    sleep 0.02
done
kill -STOP $running # or it might be done before the next one looks
call "$NUMASIM" study many.yaml -o resumed
ok 'another study does not take its folder' refused 2 'another study is filling'
kill -9 $running 2>/dev/null
wait $running 2>/dev/null
ok 'one that is killed leaves no half of its folder' test ! -e resumed
find resumed.runs -name result.json | head -3 >before
xargs touch -d '2001-01-01' <before
call "$NUMASIM" study many.yaml -j 2 -o resumed --resume
ok 'and is resumed' test "$status" -eq 0
ok 'whole' test "$(find resumed -name result.json | wc -l)" -eq 128
ok 'with what was done before' \
    test "$(find resumed -name result.json ! -newermt '2002-01-01' | wc -l)" -ge 3
ok 'and nothing beside it' test ! -e resumed.runs
call "$NUMASIM" study many.yaml -o unbroken
ok 'as if nothing had happened' cmp resumed/study.json unbroken/study.json
call "$NUMASIM" study small.yaml --cache runs
find runs -name result.json -exec touch -d '2001-01-01' {} +
call "$NUMASIM" study small.yaml --cache runs --format json
ok 'a cache gives the same' cmp serial out
ok 'and runs nothing again' test -z "$(find runs -name result.json -newermt '2002-01-01')"
sed 's/duration: 100ms/duration: 101ms/' small.yaml >other.yaml
call "$NUMASIM" study other.yaml --cache runs
ok 'but what has other inputs' \
    test "$(find runs -name result.json -newermt '2002-01-01' | wc -l)" -eq 4
mkdir -p mine.runs && echo precious >mine.runs/notes
refuses 2 "mine.runs has 'notes' in it" study small.yaml -o mine
ok 'what no study left stays' test -f mine.runs/notes
call "$NUMASIM" study small.yaml --cache runs -o mine
ok 'also beside a cache' test -f mine.runs/notes
mkdir -p sets/sub
printf 'numasim: policy-set/1\ndescription: x\nextends: sub/mid.yaml\n' >sets/top.yaml
printf 'numasim: policy-set/1\ndescription: x\nextends: linux-6.12\nqueue: {params: {base_slice: 1ms}}\n' \
    >sets/sub/mid.yaml
sed 's|\[linux-6.12, fifo-none\]|[./sets/top.yaml]|; s/teach-shares/spinners/; s/20%, 30%/20%, 100%/' small.yaml >chain.yaml
call "$NUMASIM" study chain.yaml --cache chained --format json
ok 'a set that extends one elsewhere' test "$status" -eq 0
call "$NUMASIM" study chain.yaml -o chain
call "$NUMASIM" explain chain/teach-uma-4/spinners/top/seed-1
ok 'which a result has a copy of' test "$status" -eq 0
sed -i 's/1ms/20ms/' sets/sub/mid.yaml
call "$NUMASIM" study chain.yaml --cache chained --format json
ok 'has it in its key' test "$(find chained -name result.json | wc -l)" -eq 4
refuses 2 '--resume without --output' study small.yaml --resume

done_testing
