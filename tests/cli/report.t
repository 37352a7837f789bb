#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: the page of numasim report is whole in itself, the same every time, and safe against names that
# look like markup.
. "$(dirname "$0")/tap.sh"

for policy in linux-6.12 fifo-none; do
    "$NUMASIM" run -t teach-numa-2x4 -w db-server -d 300ms --warmup 100ms -p "$policy" \
        -o "runs/$policy" >/dev/null
done
drawn=''
if ! command -v gnuplot >/dev/null; then
    drawn=--no-pictures
fi

# has FILE TEXT
has() {
    grep -qF -e "$2" "$1"
}

call "$NUMASIM" report runs/linux-6.12 runs/fifo-none $drawn
ok 'a page' test "$status" -eq 0 -a -s report.html
ok 'it is well-formed' xmllint --noout report.html
ok 'and loads nothing' sh -c '! grep -nE "https?:|src=|@import|url\([^#]|href=.[^#d]" report.html'
"$NUMASIM" run -t teach-uma-4 -w schbench -w teach-ps:replicas=2 -d 30ms --warmup 0s -p rr-none -o mixed >/dev/null
call "$NUMASIM" report mixed --no-pictures -o mixed.html
ok 'of several workloads, which compare names so, too' has mixed.html 'schbench+teach-ps:2 on teach-uma-4'
call "$NUMASIM" plot -k machine mixed -o mixed.svg
ok 'as pictures do' has mixed.svg 'schbench+teach-ps:2 with rr-none'
ok 'a script is in it once' test "$(grep -c '<script>' report.html)" -eq 1
ok 'what differs' has report.html '<td class="text">role queue</td>'
ok 'metrics with their verdicts' grep -q \
    'request_latency_ns.clients.p99</td>.*<td class="worse">worse</td>' report.html
p99=$("$NUMASIM" compare -m request_latency_ns.clients.p99 runs/linux-6.12 runs/fifo-none |
    sed -n 's/.*\(+[0-9.]*%\).*/\1/p')
ok "p99 changes as compare says: $p99" sh -c 'grep -F "clients.p99</td>" report.html | grep -qF -e "$1"' sh "$p99"
ok 'where the time went' has report.html '<td class="text">server/postgres</td>'
ok 'light and dark' has report.html 'prefers-color-scheme: dark'
if [ -z "$drawn" ]; then
    ok 'sixteen pictures' test "$(grep -c '<svg' report.html)" -eq 16
    ok 'each id is there once' test -z "$(grep -oE " id=[\"'][^\"']*" report.html | sort | uniq -d)"
else
    skip 'pictures' 'no gnuplot'
    skip 'ids' 'no gnuplot'
fi
cp report.html first.html
call "$NUMASIM" report runs/linux-6.12 runs/fifo-none $drawn
ok 'the same page again' cmp first.html report.html
call "$NUMASIM" report runs -o folder.html --no-pictures
ok 'a folder stands for the results in it' test "$(grep -c '<h2 id="run' folder.html)" -eq 2
ok 'without pictures there are none' sh -c '! grep -q "<svg" folder.html'

"$NUMASIM" run -t teach-uma-4 -w teach-ps -d 300ms --warmup 100ms -p rr-none -n 2 -o seeds >/dev/null
call "$NUMASIM" report seeds -o seeds.html $drawn
ok 'seeds are one result' test "$status" -eq 0 -a "$(grep -c '<h2 id="run' seeds.html)" -eq 1
ok 'well-formed, too' xmllint --noout seeds.html
if [ -z "$drawn" ]; then
    ok 'what cannot be shown is told' has seeds.html 'no memory was accessed'
    ok 'also on standard error' grep -q \
        '^numasim: warning: report: rr-none: not shown: .*pages: .*no memory is used' err
fi
mkdir bin
call env PATH="$PWD/bin" "$NUMASIM" report runs -o none.html
ok 'without gnuplot there is a page' test "$status" -eq 0 -a "$(grep -c '<svg' none.html)" -eq 0
ok 'which says so' grep -q 'not shown: pictures: cannot run gnuplot' none.html
ok 'once' test "$(grep -c 'numasim: warning: report: not shown: pictures: cannot run gnuplot' err)" -eq 1
ok 'and nothing else' test "$(wc -l <err)" -eq 1
call env PATH="$PWD/bin" "$NUMASIM" plot runs/linux-6.12
ok 'but no picture' refused 2 'cannot run gnuplot'
cat >bin/gnuplot <<'END'
#!/bin/sh
echo broken >&2
exit 1
END
chmod +x bin/gnuplot
call env PATH="$PWD/bin" "$NUMASIM" report runs/linux-6.12 -o broken.html
ok 'a picture that fails is told' test "$status" -eq 0 -a \
    "$(grep -o 'gnuplot failed: broken' err | wc -l)" -eq 10

# Their mean is shown, alone and beside a result that they cannot be paired with.
switches=$(perl -MJSON::PP -ne 'BEGIN { $/ = undef }
    push @v, decode_json($_)->{metrics}{context_switches}{value};
    END { $v[0] != $v[1] and print(($v[0] + $v[1]) / 2) }' seeds/*/seed-*/result.json)
ok "as their mean: $switches" has seeds.html ">context_switches</td><td data-v=\"$switches\">"
call "$NUMASIM" report runs/linux-6.12 seeds -o apart.html --no-pictures
ok 'which have no partner' has apart.html 'Not all are compared with the first'
ok 'as their mean, too' grep -qE ">context_switches</td><td[^>]*>[^<]*</td><td data-v=\"$switches\">" apart.html

# Names that would be markup: of a task, of a file, of a label.
hostile="<script>alert(1)</script>&'\""
mkdir nasty
cat >"nasty/<b>&'x\".yaml" <<'EOF'
numasim: workload/1
duration: 100ms
processes: {p: {threads: {a: {count: 2, program: [forever: [{run: 1ms}, {sleep: 1ms}]]}}}}
EOF
"$NUMASIM" run -t teach-uma-4 -w "nasty/<b>&'x\".yaml" -p rr-none -o nasty/out >/dev/null
perl -pi -e 's/"comm\.a\./"comm.<img src=x>]]>\\u0001./' nasty/out/result.json
call "$NUMASIM" report nasty/out -l "$hostile" -o nasty.html $drawn
sed 's/^/# /' err
ok 'hostile names' xmllint --noout nasty.html
ok 'do not become elements' sh -c '! grep -nE "<img|<b>|<script>alert" nasty.html'
ok 'but are shown' has nasty.html '&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;&quot;'

rm runs/fifo-none/*.yaml
call "$NUMASIM" report runs/fifo-none -o bare.html --no-pictures
ok 'metrics alone make a page' test "$status" -eq 0
ok 'which says what is missing' has bare.html 'no copy of the'
refuses 2 'nowhere' report nowhere
refuses 2 'report: --label: 1 for 2 results; expected one for each' report runs/linux-6.12 seeds -l one -o x.html
ok 'no page is left by an error' test ! -e x.html
ok 'and nothing else' test -z "$(find . -name '*.part')"
done_testing
