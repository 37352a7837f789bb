#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: bad command lines end with 2, one clear line on standard error, nothing on standard output.
. "$(dirname "$0")/tap.sh"

refuses 2 'missing subcommand; expected one of run,'
refuses 2 "unknown subcommand 'topolgy'; expected one of run," topolgy
refuses 2 "(did you mean 'topology'?)" topolgy
refuses 2 'unknown option --vers' --vers
refuses 2 "unexpected argument 'x'" --version x
refuses 2 'topology: missing subcommand' topology
refuses 2 "unknown topology subcommand 'shw'" topology shw
refuses 2 "(did you mean 'show'?)" topology shw
refuses 2 'topology show: missing argument; expected TOPOLOGY' topology show
refuses 2 "topology show: unexpected argument 'b'" topology show a b
refuses 2 "no topology 'teach-uma-5'" topology show teach-uma-5
refuses 2 "(did you mean 'teach-uma-4'?)" topology show teach-uma-5
refuses 2 './none.yaml' topology show ./none.yaml
refuses 2 '--kernel: ' topology domains teach-uma-4 --kernel five
refuses 2 "no workload 'hackbenck'" workload show hackbenck
refuses 2 "(did you mean 'epyc-7763-2s-nps1'?)" topology show epyc-7763
refuses 2 "(did you mean 'hackbench'?)" workload validate hackbenck
refuses 2 "no policy 'linux-6.21'" policy show linux-6.21
refuses 2 "help: unexpected argument 'x'" help man x
refuses 2 "completion: unknown shell 'fish'; expected bash or zsh" completion fish
refuses 2 "unknown subcommand 'rum'" man rum

refuses 2 'run: missing option; expected -t TOPOLOGY, --topology=TOPOLOGY' run
refuses 2 'run: missing argument for -t' run -t
refuses 2 'run: unknown option --sed;' run --sed 3
refuses 2 '(did you mean --seed?)' run --sead 3
refuses 2 'run: --topology is given twice' run -t a -t b
refuses 2 "no topology 'nowhere'" run -tnowhere -wx -px
refuses 2 "study: --jobs: bad value '0'" study -j0 -o x mm1
refuses 2 "no study '-j2'" study -- -j2
refuses 2 "study: --jobs: bad value '-o2'" study -j -o2 mm1
refuses 2 "run: --seed: bad value 'x'; expected a whole number, at least 0" run --seed x
refuses 2 "run: --seed: bad value '-1'" run --seed=-1
refuses 2 'expected a whole number in 0..9223372036854775807' run --seed 9223372036854775808
refuses 2 'run: --all-ticks takes no value' run --all-ticks=3
refuses 2 "(did you mean 'boot'?)" run --tie-break boat
refuses 2 "run: --runs: bad value '0'; expected a whole number in 1..100000" run --runs 0

set -- run -t teach-uma-4 -w teach-mm1
refuses 2 'the unit is missing' "$@" -p fifo-none --duration 5
refuses 2 "run: --duration: bad value '0ns'" "$@" -p fifo-none --duration 0ns
refuses 2 "run: unexpected argument 'extra'; expected none" "$@" -p fifo-none extra
refuses 2 "no policy set 'fifo-nune'" "$@" -p fifo-nune
refuses 2 "'fifo' is one plugin; expected a policy set" "$@" -p fifo
refuses 2 "'fifo-none' is given twice" "$@" -p fifo-none -p fifo-none
refuses 2 '--set queue.slice=3ms' "$@" -p linux-6.12 --set queue.slice=3ms
refuses 2 '--set quue=fifo' "$@" -p linux-6.12 --set quue=fifo
refuses 2 '--set queue=fifu' "$@" -p linux-6.12 --set queue=fifu
refuses 2 'expected NAME or NAME:replicas=N' run -t teach-uma-4 -w teach-mm1:replica=2 -p fifo-none
refuses 2 'expected NAME or NAME:replicas=N' run -t teach-uma-4 -w teach-mm1:replicas=0 -p fifo-none
refuses 2 'a warmup of ' "$@" -p fifo-none -d 1s --warmup 1s
refuses 2 'run: --occupancy writes a file' "$@" -p fifo-none --occupancy
refuses 2 'more than 1000000 points; expected an interval of at least 20us' \
    "$@" -p fifo-none --series 1ns
refuses 2 'has 1000000 points at 1.00ms, and the run goes on' \
    run -t teach-uma-4 -w hackbench -p fifo-none --series 1ns

# Files: none, and what may never end.
why='cannot be read: No such file or directory'
refuses 2 "./none.yaml: $why" topology show ./none.yaml
refuses 2 "none.yaml: $why" study ./none.yaml
refuses 2 "none: $why" plot none
refuses 2 "-: $why" workload import -
mkdir folder
refuses 2 'folder: cannot be read: Is a directory' workload import folder
mkfifo pipe.yaml
for words in 'topology show' 'workload show' 'workload import' 'policy show' study plot; do
    # shellcheck disable=SC2086 # two words
    refuses 2 'pipe.yaml: is not a regular file' $words ./pipe.yaml
done
refuses 2 '/dev/zero: is not a regular file' workload import /dev/zero

# A command that was copied to where nothing else is.
mkdir alone && cp "$NUMASIM" alone/numasim
if alone/numasim topology list >/dev/null 2>&1; then
    skip 'a command without its data' 'it is installed'
else
    NUMASIM=$scratch/alone/numasim
    for kind in topology workload policy study; do
        refuses 2 "no $(echo $kind | sed 's/y$/ie/')s found; looked in " $kind list
    done
    refuses 2 'no topologies found; looked in ' topology show teach-uma-4
fi
done_testing
