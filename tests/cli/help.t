#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: help, man pages and completions say the same: every option and subcommand is in all of them.
. "$(dirname "$0")/tap.sh"

commands() {
    "$NUMASIM" "$@" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

# Both spellings of the options of `numasim ARGUMENT... --help`.
options() {
    "$NUMASIM" "$@" --help | sed -n '/^Options:/,/^$/p' | grep -E '^  -' |
        sed 's/  [a-z].*//' | grep -oE -e '(^| )--?[a-z][a-z-]*' | tr -d ' '
}

"$NUMASIM" completion bash >bash
"$NUMASIM" completion zsh >zsh
ok 'the script for bash is one' bash -n bash
ok 'the script for zsh names its command' grep -q '^#compdef numasim$' zsh
if command -v zsh >/dev/null; then
    ok 'and zsh reads it' zsh -n zsh
else
    skip 'and zsh reads it' 'no zsh'
fi

# complete WORD...: what bash offers for the last word.
complete_words() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    PATH="$(dirname "$NUMASIM"):$PATH" bash -c '
        source ./bash
        compopt() { :; }
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _numasim
        printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

# offers OPTIONS: each line is among what is completed for the WORDs.
offers() {
    wanted=$1
    shift
    offered=$(complete_words "$@")
    for word in $wanted; do
        echo "$offered" | grep -qxF -e "$word" || { echo "$word is not in: $offered"; return 1; }
    done
}

# page_has PAGE OPTIONS
page_has() {
    for word in $2; do
        sed 's/\\-/-/g' "$1" | grep -qE -e "(^|[ ,])$word([ =,]|\$)" ||
            { echo "$word is not on the page"; return 1; }
    done
}

zsh_has() {
    for word in $2; do
        sed -n "/^_numasim_$1() {/,/^}/p" zsh | grep -qE -e "[{(',* ]${word}[]+=[}, )']" ||
            { echo "$word is not in _numasim_$1"; return 1; }
    done
}

# agree PAGE PATH...: options of one subcommand are the same everywhere.
agree() {
    page=$1
    shift
    found=$(options "$@")
    ok "$*: there are options" test -n "$found"
    ok "$*: its options are on the man page" page_has "$page" "$found"
    ok "$*: bash completes them" offers "$found" numasim "$@" -
    ok "$*: zsh knows them" zsh_has "$(echo "$*" | tr ' -' '__')" "$found"
}

all=$(commands)
ok 'there are subcommands' test -n "$all"
ok 'bash completes them' offers "$all" numasim ''
"$NUMASIM" man >numasim.1
ok 'the main page has --version and --help' page_has numasim.1 '--version --help'
for command in $all; do
    "$NUMASIM" man "$command" >"$command.1"
    ok "$command is on the main page" page_has numasim.1 "$command"
    ok "$command has a page" grep -q '^\.TH NUMASIM-' "$command.1"
    ok "help $command is $command --help" \
        test "$("$NUMASIM" help "$command")" = "$("$NUMASIM" "$command" --help)"
    actions=$(commands "$command")
    if [ -z "$actions" ]; then
        agree "$command.1" "$command"
        continue
    fi
    ok "bash completes what $command does" offers "$actions" numasim "$command" ''
    for action in $actions; do
        agree "$command.1" "$command" "$action"
    done
done
if command -v groff >/dev/null; then
    for page in *.1; do
        ok "groff has nothing to say about $page" \
            test -z "$(groff -man -Tascii -ww -z "$page" 2>&1)"
    done
else
    skip 'groff reads the pages' 'no groff'
fi
listed=$("$NUMASIM" man --list | tr '\n' ' ')
expected="numasim $(for command in $all; do printf 'numasim-%s ' "$command"; done)"
ok 'man --list has every page' test "$listed" = "$expected"

ok 'bash completes topologies' offers 'teach-uma-4' numasim run -t teach-u
ok 'also after --topology=' offers 'teach-uma-4' numasim run --topology = teach-u
ok 'and policy sets' offers 'linux-6.12' numasim run -p lin
ok 'and choices' offers 'boot insertion' numasim run --tie-break ''
ok 'and what a table elsewhere lists' offers 'hwloc-xml lscpu' numasim topology export --format ''
ok 'of either direction' offers 'hwloc-xml qemu sysfs' numasim topology import --from ''
ok 'and releases of Linux' offers '6.1 6.12' numasim topology domains --kernel 6
ok 'help lists them' sh -c '"$1" topology import --help | grep -q "one of sysfs"' sh "$NUMASIM"
ok 'and arguments' offers 'db-server' numasim workload show db
ok 'studies' offers 'mm1' numasim study mm
touch mine.yaml
ok 'and files beside names' offers 'mine.yaml' numasim run -w mi
ok 'also by their path' offers './mine.yaml' numasim run -t ./
ok 'what the kernel and its tools would say' offers 'vmstat numa_maps numactl-H numastat numastat-cm' \
    numasim run --format ''
ok 'and shells' offers 'bash zsh' numasim completion ''

# The same of zsh: each line, and what must be among what it offers.
zsh_cases="
numasim |run topology completion
numasim topology |domains show
numasim topology show teach-u|teach-uma-4
numasim run -t teach-u|teach-uma-4
numasim run --topology=teach-u|teach-uma-4
numasim run -w db-p|db-pool db-pool-interleave
numasim run -w mi|mine.yaml
numasim run -p lin|linux-6.12
numasim run --format=numas|numastat numastat-cm numastat-p
numasim run --format vm|vmstat
numasim run --sn|--snapshot
numasim policy show linux-n|linux-numa
numasim study mm|mm1
numasim topology domains --kernel 6|6.1 6.12
numasim completion |bash zsh"
if zsh -fc 'zmodload zsh/zpty && autoload -U compinit && compinit -D -u' 2>/dev/null; then
    mkdir functions
    cp zsh functions/_numasim
    echo "$zsh_cases" | sed '/^$/d; s/|.*//' |
        PATH="$(dirname "$NUMASIM"):$PATH" zsh -f "$tests/cli/complete.zsh" functions >zsh.offers
    while IFS='|' read -r line words; do
        for word in $words; do
            ok "zsh: '$line' to $word" grep -qxF -e "$line	$word" zsh.offers
        done
    done < <(echo "$zsh_cases" | sed '/^$/d')
else
    skip 'zsh completes' 'no zsh'
fi
ok '--version prints the version' \
    sh -c '"$1" --version | grep -qE "^numasim [0-9]+\.[0-9]+\.[0-9]+$"' sh "$NUMASIM"
ok 'no line of help is wider than 80 columns, but for example lines' \
    test -z "$("$NUMASIM" run --help | grep -v '^  numasim ' | grep -E '.{81}')"
done_testing
