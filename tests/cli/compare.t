#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: numasim compare: pairs, forms, gates and baselines.
. "$(dirname "$0")/tap.sh"

cat >both.yaml <<'Y'
numasim: study/1
question: How do they differ?
topologies: [teach-uma-4, teach-numa-2x4]
workloads: [schbench, teach-shares]
policies: [POLICY]
seeds: 1-6
duration: 150ms
warmup: 20ms
expect: [{metric: cpu.utilisation, over: each, above: 1%}]
Y
sed 's/POLICY/linux-6.12/' both.yaml >new.yaml
sed 's/POLICY/fifo-none/' both.yaml >old.yaml
call "$NUMASIM" study old.yaml -o old
ok 'there is a base' test "$status" -eq 0
call "$NUMASIM" study new.yaml -o new
ok 'and something new' test "$status" -eq 0

call "$NUMASIM" compare old new
ok 'two folders are compared' test "$status" -eq 0
ok 'group by group' test "$(grep -c ': 6 seeds$' out)" -eq 4
ok 'under the names of their policies' grep -Eq '^  metric +fifo-none +linux-6.12 +change' out
ok 'with a geometric mean last' grep -q '^geometric mean of 4 groups$' out
cp out first
call "$NUMASIM" compare old new
ok 'the same again' cmp first out
call "$NUMASIM" compare old old
ok 'a set is equal to itself' grep -q 'more differ in no run' out
ok 'and none of its metrics is another' sh -c '! grep -Eq "better|worse|unclear" out'
call "$NUMASIM" compare old/teach-uma-4/schbench/fifo-none/seed-1 new/teach-uma-4/schbench/linux-6.12/seed-1
ok 'one run with one run' test "$status" -eq 0
ok 'is exact, and says so' grep -q 'the comparison is exact' out

call "$NUMASIM" compare --format json old new
ok 'JSON' is_json out
ok 'has its schema' grep -q '"schema": "numasim-compare/1"' out
call "$NUMASIM" compare --format junit -m 'cpu.*' old new
ok 'JUnit' grep -q '<testsuite name="teach-uma-4, schbench" tests="[1-9]' out
call "$NUMASIM" compare --format markdown -m cpu.utilisation old new
ok 'Markdown' grep -q '^| `cpu.utilisation` |' out
call "$NUMASIM" compare --format mmtests -m cpu.utilisation old new
ok 'as mmtests' grep -q '^Amean     cpu.utilisation' out
call "$NUMASIM" compare --format benchstat -m wakeup_latency_ns.mean old new
ok 'as benchstat' grep -Eq 'wakeup_latency_ns.mean .*p=[0-9.]+ n=6' out
call "$NUMASIM" compare -l before -l after -o table.txt old new
ok 'into a file' grep -q 'before *after' table.txt

# Gates.
cat >gate.yaml <<'Y'
numasim: gate/1
gates:
  - {metric: context_switches, may-rise: [0%, 0], may-fall: [0%, 0]}
  - {metric: cpu.utilisation, workload: teach-*, may-rise: [50%, 0%]}
Y
call "$NUMASIM" compare --gate gate.yaml old old
ok 'a gate that holds ends with 0' test "$status" -eq 0
ok 'and counts' grep -q '^gate: 0 of 6 failed$' out
call "$NUMASIM" compare --gate gate.yaml old new
ok 'one that does not ends with 1' test "$status" -eq 1
ok 'and what failed stands first' sh -c 'head -1 out | grep -q "^FAIL  context_switches on "'
sed 's/\(context_switches.*\)}/\1, why: they cost 2 us}/' gate.yaml >why.yaml
for format in text markdown mmtests benchstat; do
    call "$NUMASIM" compare --format "$format" --gate why.yaml old new
    ok "as $format, too, with its reason" sh -c 'head -5 out | grep -q "context_switches.*: they cost 2 us"'
done
sed 's/context_switches/context_swiches/' gate.yaml >unknown.yaml
refuses 2 "unknown.yaml:3:5: no metric of teach-numa-2x4, schbench is called 'context_swiches'; expected one of result.json's (did you mean 'context_switches'?)" \
    compare --gate unknown.yaml old new
sed 's/\[0%, 0\], may-fall/[0%, 2ms], may-fall/' gate.yaml >unit.yaml
refuses 2 "unit.yaml:3:5: 'context_switches' is measured in count; expected an amount like 12" \
    compare --gate unit.yaml old new

# Baselines.
call "$NUMASIM" compare --update-baseline base new
ok 'a baseline is made' test "$(find base -name result.json | wc -l)" -eq 24
call "$NUMASIM" compare base new
ok 'and is equal to what it was made of' sh -c '! grep -Eq "better|worse|unclear" out'
call "$NUMASIM" compare --update-baseline --gate gate.yaml base old
ok 'where the gate fails' test "$status" -eq 1
ok 'it says what it does not do' grep -q '^numasim: the gate failed: base stays as it was' err
call "$NUMASIM" compare --gate gate.yaml base new
ok 'and the baseline is what it was' test "$status" -eq 0
call "$NUMASIM" compare --update-baseline base old
ok 'without a gate it is replaced' test "$status" -eq 0
ok 'and nothing else is said' test ! -s err
call "$NUMASIM" compare --update-baseline --gate gate.yaml base old
ok 'where the gate holds, too' test "$status" -eq 0
call "$NUMASIM" compare --gate gate.yaml base old
ok 'by what was new' test "$status" -eq 0
mkdir made
call "$NUMASIM" compare --update-baseline made new
ok 'an empty folder is a place for one' test "$(find made -name result.json | wc -l)" -eq 24

# What one side alone has is no obstacle to an update.
cp -r old/teach-uma-4 one && mkdir -p more/a && cp -r one more/a && cp -r old/teach-numa-2x4/schbench more
call "$NUMASIM" compare --update-baseline made more
ok 'an update drops and adds cells' test "$status" -eq 0
ok 'says which it drops' grep -Fqx \
    'numasim: no more in the baseline: topology teach-numa-2x4, workload teach-shares, seed 1, 2, 3, 4, 5, 6' err
ok 'and no others' test "$(wc -l <err)" -eq 1
ok 'and compares the others' test "$(grep -c ': 6 seeds$' out)" -eq 3
call "$NUMASIM" compare --update-baseline made old
ok 'says which it adds' grep -Fqx \
    'numasim: new in the baseline: topology teach-numa-2x4, workload teach-shares, seed 1, 2, 3, 4, 5, 6' err
mkdir two && cp -r old new two && cp -r old fewer && rm -r fewer/teach-*/*/*/seed-[56]
call "$NUMASIM" compare --update-baseline made two
ok 'a policy too' grep -Fqx \
    'numasim: new in the baseline: topology teach-uma-4, workload schbench, policy linux-6.12, seed 1, 2, 3, 4, 5, 6' err
call "$NUMASIM" compare --update-baseline made fewer
ok 'and a seed' grep -Fqx \
    'numasim: no more in the baseline: topology teach-uma-4, workload schbench, policy fifo-none, seed 5, 6' err
cp -r one/schbench alone
call "$NUMASIM" compare --update-baseline made alone
cp -r one/teach-shares apart
refuses 2 'have no run in common for a gate to judge' compare --update-baseline --gate gate.yaml made apart
call "$NUMASIM" compare --update-baseline made apart
ok 'nothing in common is replaced all the same' test "$status" -eq 0
ok 'and nothing is compared' test ! -s out
call "$NUMASIM" compare made apart
ok 'by the new' test "$status" -eq 0

mkdir project && cp -r new project/results && echo precious >project/main.c
refuses 2 "project holds more than a baseline's results" compare --update-baseline project new
ok 'what is no baseline stays' test -f project/main.c
refuses 2 'BASE is empty' compare --update-baseline '' new
refuses 2 "bad value ''" compare -o '' old new
mkfifo pipe
cat pipe >piped &
call timeout 10 "$NUMASIM" compare -o pipe old new
wait $!
ok 'a pipe is written to' test -s piped
ok 'and stays what it is' test -p pipe

# What only one side counted is 0 on the other.
for policy in linux-6.12 fifo-none; do
    "$NUMASIM" run -t teach-numa-2x4 -w numa-process -d 3s --warmup 0s -p "$policy" -o "pages/$policy" >/dev/null
done
call "$NUMASIM" compare -m 'vmstat.numa_pte*' pages/fifo-none pages/linux-6.12
ok 'a counter that only NEW has' grep -Eq '^  vmstat.numa_pte_updates +0 +[1-9].* different$' out
call "$NUMASIM" compare -m 'vmstat.numa_pte*' pages/linux-6.12 pages/fifo-none
ok 'or only BASE' grep -Eq '^  vmstat.numa_pte_updates +[1-9][^ ]* +0 .* different$' out
cat >counted.yaml <<'Y'
numasim: gate/1
gates: [{metric: vmstat.numa_pte_updates, may-rise: [5%, 10]}]
Y
call "$NUMASIM" compare --gate counted.yaml pages/fifo-none pages/linux-6.12
ok 'a gate on it fails' test "$status" -eq 1
call "$NUMASIM" compare --gate counted.yaml pages/linux-6.12 pages/fifo-none
ok 'or holds' test "$status" -eq 0
sed -i '/"wakeup_latency_ns.max"/d' pages/fifo-none/result.json
call "$NUMASIM" compare -m 'wakeup_latency_ns.m*' pages/linux-6.12 pages/fifo-none
ok 'a time that only one has is no 0' grep -Eq '^  wakeup_latency_ns.max +[1-9][^ ]* +- +- +-$' out

# Bad input.
refuses 2 "'c' is the third" compare -l a -l b -l c old new
refuses 2 '--label: it is empty' compare -l '' old new
refuses 2 'NEW is empty' compare old ''
refuses 2 'it has a control character' compare -l 'a
b' old new
call "$NUMASIM" compare --format markdown -l 'a|b' -l '<c>' -m cpu.utilisation old new
ok 'a label with | is one cell' grep -Fq '| metric | a\|b | \<c\> | change |' out
sed 's/150ms/160ms/' old.yaml >longer.yaml
call "$NUMASIM" study longer.yaml -o longer
refuses 2 'did other work' compare longer new
call "$NUMASIM" compare --update-baseline base longer
ok 'an update to other work' test "$status" -eq 0
ok 'compares none of it' grep -Fq 'not compared, for its work is another now: topology teach-uma-4' err
call "$NUMASIM" compare base longer
ok 'and has it then' test "$status" -eq 0
mkdir deep && head -c 200000 /dev/zero | tr '\0' '[' >deep/result.json
refuses 2 'more than 64 brackets within one another' compare old deep
mkdir empty
refuses 2 'empty: no result in it' compare old empty
refuses 2 'nowhere: cannot be read' compare old nowhere
refuses 2 "with * and ? (did you mean 'cpu.utilisation'?)" compare -m cpu.utilization old new
refuses 2 "no metric is called 'cpu.utilization'" compare -m cpu.utilization old new
cp -r new less && rm -r less/teach-uma-4/schbench/linux-6.12/seed-3
refuses 2 'has no result of topology teach-uma-4, workload schbench, seed 3' compare old less
cp -r new twice && cp -r twice/teach-uma-4/schbench/linux-6.12/seed-3 twice/again
refuses 2 'a second result of topology teach-uma-4, workload schbench, seed 3' compare old twice
cp -r new later && sed -i 's|numasim-result/1|numasim-result/9|' \
    later/teach-uma-4/schbench/linux-6.12/seed-3/result.json
refuses 2 'numasim-result/9' compare old later
cp -r new nan && sed -i 's|"cpu.utilisation": {"value": [0-9.]*|"cpu.utilisation": {"value": NaN|' \
    nan/teach-uma-4/schbench/linux-6.12/seed-3/result.json
refuses 2 'nan/teach-uma-4/schbench/linux-6.12/seed-3/result.json' compare old nan
ok 'nothing is left of it' test -z "$(find . -name '*.numasim-*')"

# The repository's own baseline, as CI anywhere would hold against it.
results=$tests/../results
if [ "${NUMASIM_UPDATE_GOLDEN:-0}" = 1 ]; then
    "$NUMASIM" study "$results/studies/baseline.yaml" -o now >/dev/null
    "$NUMASIM" compare --update-baseline "$results/baselines/ci" now >/dev/null
fi
call "$NUMASIM" study "$results/studies/baseline.yaml" -o runs/now
ok "the baseline's study holds" test "$status" -eq 0
call "$NUMASIM" compare --gate "$results/gates/ci.yaml" --format markdown "$results/baselines/ci" runs/now
ok 'the committed baseline holds' test "$status" -eq 0
sed -n '/FAIL/s/^/# /p' out

done_testing
