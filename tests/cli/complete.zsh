#!/bin/zsh -f
# SPDX-License-Identifier: GPL-2.0-or-later
# complete.zsh FOLDER: for each line of standard input what zsh offers at its end, by the functions in
# FOLDER: lines of "LINE<tab>WORD".
zmodload zsh/zpty || exit 1
folder=$1
asked=("${(@f)$(cat)}")
zpty shell zsh -f -i
say() { zpty -w shell "$1" }
say "PROMPT=; unsetopt zle_bracketed_paste; fpath=(${(q)folder} \$fpath); autoload -U compinit"
say 'compinit -D -u'
# Completion adds its words by compadd; with -O, -A and -D it only asks what would match.
say 'compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    local -a words
    builtin compadd -A words "$@"
    print -rl -- $words >>offered
    builtin compadd "$@"
}'
say 'complete-and-tell() { zle complete-word; print done >>offered; zle kill-buffer }'
say 'zle -N complete-and-tell; bindkey "^T" complete-and-tell; print done >offered'
await() {
    for ((i = 0; i < 300; i++)); do
        grep -qx 'done' offered 2>/dev/null && return
        sleep 0.1
    done
    print -u2 "zsh does not answer"
    exit 1
}
await
for line in $asked; do
    : >offered
    zpty -w -n shell "$line"$'\x14'
    await
    grep -vx -e done -e '' offered | sort -u | while read -r word; do print -r -- "$line"$'\t'"$word"; done
done
zpty -d shell
rm -f offered
