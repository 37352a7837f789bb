#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# After the demonstration: its pictures go to results/pictures, and its tables into README.md, each
# into the block that follows a line <!-- NAME -->.
set -eu
cd "$(dirname "$0")/.."
demo=results/runs/demo
mkdir -p results/pictures
cp $demo/latency.svg $demo/access.svg $demo/who-runs-where.png $demo/queues.png \
    $demo/pages.svg results/pictures/

awk -v demo="$demo" '
    /^<!-- [a-z.-]* -->$/ { file = demo "/" $2 ".short.txt" }
    /^```/ && file != "" && !inside {
        print
        while ((getline line < file) > 0) { print line }
        inside = 1
        next
    }
    /^```/ && inside { inside = 0; file = "" }
    !inside' README.md >README.md.new
mv README.md.new README.md
