#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: every source is as .clang-format wants it, and says its licence on its first line.
# What is wrong goes to standard error, where `prove` lets it through.
set -u
cd "$(dirname "$0")/.." || exit 1
sources=$(find sim policies tests -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)

echo 1..2
if [ -z "$sources" ]; then
    echo 'ok 1 - formatting # SKIP no sources'
    echo 'ok 2 - licence lines # SKIP no sources'
    exit 0
fi
# shellcheck disable=SC2086 # one word to a file
if output=$(clang-format --dry-run -Werror $sources 2>&1); then
    echo 'ok 1 - formatting'
else
    echo 'not ok 1 - formatting: `make format` mends these'
    echo "$output" | sed -n 's/^\([^:]*:[0-9]*\):.*error.*/# not formatted: \1/p' | head -n 40 >&2
fi
unlicensed=$(for file in $sources; do
    head -n 1 "$file" | grep -q '^/\* SPDX-License-Identifier: GPL-2.0-or-later \*/$' ||
        echo "# no licence line: $file"
done)
echo "${unlicensed:+not }ok 2 - licence lines"
[ -z "$unlicensed" ] || echo "$unlicensed" >&2
