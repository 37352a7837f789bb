# SPDX-License-Identifier: GPL-2.0-or-later
# For the golden cases: . "$(dirname "$0")/golden.sh". Each is small enough to be verified by hand; its
# derivation stands in its comments, and no number of it was copied from an output.
. "$(dirname "$0")/../cli/tap.sh"

# simulate NAME ARGUMENT...: runs the workload NAME.yaml of the script's folder into the folder NAME.
simulate() {
    name=$1
    shift
    call "$NUMASIM" run -w "$name.yaml" -o "$name" --occupancy "$@"
    ok "$name runs" test "$status" -eq 0
    sed 's/^/# /' err
}

# metric NAME METRIC VALUE: what result.json of NAME says of METRIC.
metric() {
    found=$(sed -n "s/^  \"$2\": {\"value\": \([^,]*\),.*/\1/p" "$1/result.json")
    ok "$1: $2 is $3" test "$found" = "$3"
    [ "$found" = "$3" ] || echo "# found $found"
}

# ends NAME NS: the simulated time at the end of NAME.
ends() {
    found=$(sed -n 's/^ "end_ns": \([0-9]*\),$/\1/p' "$1/result.json")
    ok "$1 ends at $2 ns" test "$found" = "$2"
    [ "$found" = "$2" ] || echo "# found $found"
}

# ran NAME LINES: who ran where, as occupancy.csv has it after its head.
ran() {
    printf '%s\n' "$2" >"$1.expected"
    tail -n +2 "$1/occupancy.csv" >"$1.found"
    ok "$1: who ran where" diff -u "$1.expected" "$1.found"
}
