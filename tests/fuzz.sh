#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs each fuzz target for FUZZ_SECONDS. What it finds stays in build/fuzz/NAME, so that the next
# run goes on from there; an input that crashes is kept beside it, and belongs in
# tests/fuzz/corpus/NAME together with the repair.
set -eu
cd "$(dirname "$0")/.."
fuzzers=${NUMASIM_FUZZERS:-build/san-address-undefined/tests/fuzz}

for source in tests/fuzz/*.c; do
    [ -f "$source" ] || continue
    name=$(basename "$source" .c)
    echo "== $name"
    mkdir -p "build/fuzz/$name"
    set -- "build/fuzz/$name"
    [ ! -d "tests/fuzz/corpus/$name" ] || set -- "$@" "tests/fuzz/corpus/$name"
    "$fuzzers/$name" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" "$@"
done
