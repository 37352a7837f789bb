#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: each fuzz target takes its corpus and a bounded number of mutations of it, from a fixed seed.
set -u
cd "$(dirname "$0")/.." || exit 1
fuzzers=${NUMASIM_FUZZERS:-build/san-address-undefined/tests/fuzz}
runs=${FUZZ_RUNS:-3000}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/check-fuzz.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
count=0

for source in tests/fuzz/*.c; do
    [ -f "$source" ] || continue
    name=$(basename "$source" .c)
    corpus=tests/fuzz/corpus/$name
    count=$((count + 1))
    mkdir -p "$scratch/$name"
    [ -d "$corpus" ] || corpus=''
    # shellcheck disable=SC2086 # no corpus, no word
    if "$fuzzers/$name" -seed=1 -runs="$runs" -max_total_time=10 -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="build/fuzz-$name-" "$scratch/$name" $corpus >"$scratch/log" 2>&1; then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        tail -n 40 "$scratch/log" | sed 's/^/# /'
    fi
done
if [ $count -eq 0 ]; then
    echo '1..0 # SKIP no fuzz targets'
else
    echo "1..$count"
fi
