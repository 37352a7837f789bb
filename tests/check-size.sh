#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: no function of more than 80 lines, no .c file of more than 600. A table is data and not a
# function: it may be as long as it needs to be.
set -u
cd "$(dirname "$0")/.." || exit 1
max_function=80
max_file=600
# Folders that do not exist yet are no error.
sources=$(find sim policies tests -name '*.c' 2>/dev/null | LC_ALL=C sort)

echo 1..2
functions=''
files=''
if [ -n "$sources" ]; then
    # shellcheck disable=SC2086 # one word to a file
    functions=$(ctags -x --_xformat='%F:%n %N %{end}' --languages=C --kinds-C=f --fields=+ne $sources |
        awk -v max=$max_function '
            { split($1, at, ":"); lines = $3 - at[2] + 1 }
            lines > max { printf "# %s: %s() has %d lines, of %d\n", $1, $2, lines, max }')
    # shellcheck disable=SC2086
    files=$(wc -l $sources | awk -v max=$max_file '
        $2 != "total" && $1 > max { printf "# %s has %d lines, of %d\n", $2, $1, max }')
fi
echo "${functions:+not }ok 1 - functions of at most $max_function lines"
[ -z "$functions" ] || echo "$functions"
echo "${files:+not }ok 2 - files of at most $max_file lines"
[ -z "$files" ] || echo "$files"
