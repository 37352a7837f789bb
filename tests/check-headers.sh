#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: each header compiles alone, and twice. The public one compiles without the rest of the house.
set -u
cd "$(dirname "$0")/.." || exit 1

cc=${NUMASIM_CC:-gcc -std=c17 -Wall -Wextra -Werror -D_POSIX_C_SOURCE=200809L -Isim $(
    pkg-config --cflags glib-2.0 json-glib-1.0 yaml-0.1 libxxhash)}
public=sim/policy/numasim-policy.h
scratch=$(mktemp -d "${TMPDIR:-/tmp}/check-headers.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
count=0

# compiles_twice NAME HEADER COMPILER...
compiles_twice() {
    name=$1
    header=$2
    shift 2
    count=$((count + 1))
    printf '#include %s\n#include %s\nextern int not_empty;\n' "$header" "$header" \
        >"$scratch/unit.c"
    if output=$("$@" -fsyntax-only "$scratch/unit.c" 2>&1); then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        echo "$output" | sed 's/^/# /'
    fi
}

# The plugins' header comes in two halves, of which the second is never included alone.
for header in $(find sim tests/unit -name '*.h' ! -name numasim-memory.h 2>/dev/null | LC_ALL=C sort); do
    # shellcheck disable=SC2086 # the compiler's line is many words
    compiles_twice "$header" "\"$header\"" $cc -I.
done
if [ -f $public ]; then
    compiles_twice "$public, as a plugin sees it" '<numasim-policy.h>' \
        gcc -std=c17 -Wall -Wextra -Wpedantic -Werror -Isim/policy
fi
if [ $count -eq 0 ]; then
    echo '1..0 # SKIP no headers'
else
    echo "1..$count"
fi
