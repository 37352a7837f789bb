#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: where -o may lead, whatever the command: files whole or absent, links, pipes, devices; what cannot
# be written is told before the work.
. "$(dirname "$0")/tap.sh"

# What has a result has it quickly.
"$NUMASIM" run -t teach-uma-4 -w teach-ps -p rr-none -d 100ms --warmup 0s -o result >/dev/null
printf '# Page\n' >page.md.in
printf 'ok 1 - a\n1..1\n' >real.tap
export_to() {
    call timeout 60 "$NUMASIM" topology export teach-uma-4 --format hwloc-xml -o "$@"
}
export_to plain.xml
ok 'a file' test "$status" -eq 0 -a -s plain.xml
ok 'and nothing beside it' test -z "$(find . -name '.*numasim*')"

# Nothing is worked for that cannot be kept.
: >file
while read -r command; do
    # shellcheck disable=SC2086 # words of a command line
    refuses 2 "none/x.svg: cannot be written: there is no folder 'none'" $command -o none/x.svg
    # shellcheck disable=SC2086
    refuses 2 "cannot be written: 'file' is no folder" $command -o file/x.svg
    # shellcheck disable=SC2086
    refuses 2 'result: cannot be written: it is a folder' $command -o result
done <<'END'
plot result
report result
compare result result
trace result
topology export teach-uma-4 --format hwloc-xml
topology domains teach-uma-4
topology import plain.xml
workload import nowhere.txt
accuracy --page page.md.in real.tap
END
refuses 2 "summary: none/x: cannot be written: there is no folder 'none'" \
    workload import nowhere.txt --summary none/x
refuses 2 "file/x: cannot be made in '" run -t teach-uma-4 -w teach-ps -p rr-none -o file/x
refuses 2 "file: cannot be made in '" study mm1 --cache file
ok 'nothing was made' test ! -e none

# Through links, to what is at their end.
mkdir below
ln -s below/target.xml link.xml
export_to link.xml
ok 'a link that leads nowhere yet' test "$status" -eq 0 -a -L link.xml -a -f below/target.xml
echo old >below/target.xml
export_to link.xml
ok 'and one that does' cmp plain.xml below/target.xml
ok 'stays a link' test -L link.xml
ln -s loop loop
export_to loop
ok 'a circle of links is an error' refused 2 'loop: cannot be written: Too many levels'

# Into what is no file.
export_to /dev/stdout
ok 'standard output' cmp plain.xml out
export_to -
ok 'also by a dash' cmp plain.xml out
timeout 60 sh -c '{ echo before; "$1" topology export teach-uma-4 --format hwloc-xml -o /dev/stdout; echo behind; } >all' \
    sh "$NUMASIM"
{ echo before; cat plain.xml; echo behind; } >expected
ok 'behind what is in a file already' cmp expected all
timeout 60 "$NUMASIM" topology export teach-uma-4 --format hwloc-xml -o /dev/fd/3 3>third
ok 'another descriptor' cmp plain.xml third
timeout 60 "$NUMASIM" topology export teach-uma-4 --format hwloc-xml -o /dev/stdout | cat >piped
ok 'a pipeline' cmp plain.xml piped
mkfifo fifo
timeout 60 cat fifo >fed &
export_to fifo
wait $!
ok 'a FIFO' cmp plain.xml fed
ok 'which stays one' test -p fifo
export_to /dev/null
ok 'a device' test "$status" -eq 0 -a -c /dev/null
if [ -c /dev/full ]; then
    export_to /dev/full
    ok 'a full one' refused 2 '/dev/full: cannot be written: No space left on device'
else
    skip 'a full one' 'no /dev/full'
fi
call sh -c '"$1" topology export teach-uma-4 --format hwloc-xml -o /dev/fd/9 9>&-' sh "$NUMASIM"
ok 'a descriptor that is closed' refused 2 '/dev/fd/9: cannot be written: Bad file descriptor'
call "$NUMASIM" trace result --format ftrace
cp out trace
call "$NUMASIM" trace result --format ftrace -o /dev/stdout
ok 'a trace' cmp trace out
call "$NUMASIM" report result --no-pictures -o /dev/stdout
ok 'a page, with nothing behind it' test "$(tail -1 out)" = '</html>'
if command -v gnuplot >/dev/null; then
    call "$NUMASIM" plot result -o /dev/stdout
    ok 'a picture is SVG' xmllint --noout out
    call "$NUMASIM" plot result -o x.svg
    ok 'as in a file' sh -c 'test -s x.svg && "$1" plot result -o - | cmp - x.svg' sh "$NUMASIM"
else
    skip 'a picture is SVG' 'no gnuplot'
fi

# Who is killed leaves nothing, or what the next one takes away.
cat >long.yaml <<'Y'
numasim: study/1
question: Does it last?
topologies: [teach-numa-2x4]
workloads: [hackbench]
policies: [linux-6.12]
seeds: 1-64
duration: 60s
expect: [{metric: context_switches, at-least: 1}]
Y
for signal in INT TERM HUP KILL; do
    # A shell lets what runs behind it ignore SIGINT, and nohup SIGHUP.
    perl -e '$SIG{$_} = "DEFAULT" for qw(INT TERM HUP); exec @ARGV' "$NUMASIM" study long.yaml -j 2 -o kept >/dev/null 2>&1 &
    running=$!
    sleep 0.3
    kill -"$signal" $running
    wait $running 2>/dev/null
    ok "a study that gets SIG$signal leaves nothing" \
        test -z "$(find . -maxdepth 1 -name '*kept*' ! -name kept.runs)"
done
mkdir -p .out.numasim-1/below .out.numasim-x
"$NUMASIM" run -t teach-uma-4 -w teach-ps -p rr-none -d 100ms --warmup 0s -o out-dir >/dev/null
mkdir -p .out3.numasim-2/below
: >.out3.numasim-2/below/half
"$NUMASIM" run -t teach-uma-4 -w teach-ps -p rr-none -d 100ms --warmup 0s -o out3 >/dev/null
ok 'a folder that was left goes with the next run' test ! -e .out3.numasim-2 -a -f out3/result.json
ok 'others stay' test -d .out.numasim-1 -a -d .out.numasim-x
done_testing
