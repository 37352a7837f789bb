#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: the arrows between the folders of sim/ run one way, policies see the public header alone, and
# the library calls nothing that would make a result depend on more than its inputs.
set -u
cd "$(dirname "$0")/.." || exit 1
count=0

# report NAME OFFENDERS: a test that passes where there are no offenders.
report() {
    count=$((count + 1))
    if [ -z "$2" ]; then
        echo "ok $count - $1"
    else
        echo "not ok $count - $1"
        echo "$2" | sed 's/^/# /'
    fi
}

# includes FOLDER: lines "file:line:path" for each #include "path" below FOLDER.
includes() {
    grep -rnH --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$1" 2>/dev/null |
        sed 's/^\([^:]*:[0-9]*\):[^"]*"\([^"]*\)".*/\1:\2/'
}

# layer FOLDER ALLOWED...: sim/FOLDER includes headers of the ALLOWED folders and its own, no other. (The
# plugins' header includes its second half as plugins would.)
layer() {
    folder=$1
    [ -d "sim/$folder" ] || return 0
    pattern=$(echo "$*" | tr ' ' '|')
    report "sim/$folder includes only: $*" \
        "$(includes "sim/$folder" | grep -vE ":($pattern)/[^/]+\$" |
            grep -v '^sim/policy/numasim-policy\.h:[0-9]*:numasim-memory\.h$')"
}

# The folders inside format.
rooms='format/facts format/machine format/trace'

layer base
layer machine base
layer policy base
layer kernel base machine policy kernel/mm
layer workload base machine policy kernel kernel/mm
layer observe base machine policy kernel kernel/mm workload
layer format base machine policy workload $rooms
layer format/facts base machine
layer format/machine base machine format format/facts
layer format/trace base workload format
layer cli base machine policy kernel kernel/mm workload observe format $rooms

# format may name workload's plain structures, which must not bring the engine with them.
indirect=''
for file in $(find sim/format -name '*.[ch]' 2>/dev/null | LC_ALL=C sort); do
    # shellcheck disable=SC2046 # one word to a flag
    found=$(gcc -MM -Isim $(pkg-config --cflags glib-2.0 json-glib-1.0 yaml-0.1 libxxhash hwloc libarchive) "$file" |
        grep -oE 'sim/(kernel|observe)/[^ ]*')
    [ -z "$found" ] || indirect="$indirect$file reaches $found
"
done
report 'sim/format knows nothing of the engine, not even indirectly' "$indirect"

report 'policies include <numasim-policy.h>, C headers, and headers of their own or the common folder' "$(
    grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include' policies 2>/dev/null |
        grep -vE '"[^"/]+"|<numasim-policy\.h>|<(stdint|stddef|stdbool|stdlib|string|limits|inttypes|stdalign)\.h>'
)"
report 'the public header needs only its memory half, <stdint.h>, <stddef.h> and <stdbool.h>' "$(
    grep -nE '^[[:space:]]*#[[:space:]]*include' sim/policy/numasim-policy.h 2>/dev/null |
        grep -vE '<(stdint|stddef|stdbool)\.h>|"numasim-memory\.h"'
)"

# The same tree without what comments and strings say, line by line.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/check-layers.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
for file in $(find sim policies -name '*.[ch]' 2>/dev/null); do
    mkdir -p "$scratch/$(dirname "$file")"
    perl -0pe 's{"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*}{ "\n" x ($& =~ tr/\n//) }gse' \
        "$file" >"$scratch/$file"
done

# calls REGEX FOLDER...: where code calls a function that REGEX matches.
calls() {
    regex=$1
    shift
    (cd "$scratch" && grep -rnE --include='*.[ch]' "(^|[^A-Za-z0-9_>.])($regex)\(" "$@" 2>/dev/null)
}
engine=''
for folder in base machine policy kernel workload observe format; do
    [ ! -d "sim/$folder" ] || engine="$engine sim/$folder"
done
[ ! -d policies ] || engine="$engine policies"
# shellcheck disable=SC2086 # one word to a folder
if [ -n "$engine" ]; then
    report 'no wall clock, no random source but ours' "$(calls \
        'time|clock|gettimeofday|clock_gettime|rand|srand|random|drand48|g_random_[a-z_]+|g_rand_[a-z_]+|g_get_(monotonic|real)_time|g_date_time_new_now[a-z_]*' $engine)"
    report 'nothing that depends on the locale' "$(calls \
        'setlocale|strtod|strtof|atof|atoi|atol|strcoll|isalpha|isdigit|isspace|toupper|tolower' $engine)"
    report 'the library never prints and never exits' "$(calls \
        'printf|puts|putchar|perror|g_print|g_printerr|exit|_exit' $engine)"
    report 'no libm in results' "$(calls \
        'exp|exp2|expm1|log|log2|log10|log1p|pow|sqrt|cbrt|sin|cos|tan|fma|tgamma|lgamma|erf' $engine)"
fi
report 'no function that overruns or keeps state' "$(calls \
    'strcpy|strcat|sprintf|vsprintf|gets|strtok' sim policies)"
echo "1..$count"
