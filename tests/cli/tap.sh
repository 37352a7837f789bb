# SPDX-License-Identifier: GPL-2.0-or-later
# For the scripts of tests/cli and tests/determinism: . "$(dirname "$0")/../cli/tap.sh"
# NUMASIM is the command under test. Each script works in a folder of its own, $scratch.
set -u
LC_ALL=C
export LC_ALL
tests=$(cd "$(dirname "$0")/.." && pwd)
count=0

# skip_all WHY: nothing can be tested here.
skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

# By its absolute path, because each script works in another folder than it began in.
case ${NUMASIM:=} in
'' | /*) ;;
*) NUMASIM=$PWD/$NUMASIM ;;
esac
[ -x "$NUMASIM" ] || skip_all 'NUMASIM names no command'
scratch=$(mktemp -d "${TMPDIR:-/tmp}/numasim-test.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

# ok NAME COMMAND...: a test that passes where COMMAND succeeds. What it prints becomes comments.
ok() {
    ok_name=$1
    shift
    count=$((count + 1))
    if "$@" >"$scratch/.ok" 2>&1; then
        echo "ok $count - $ok_name"
    else
        echo "not ok $count - $ok_name"
        sed 's/^/# /' "$scratch/.ok"
    fi
}

skip() {
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

# call COMMAND...: runs it; afterwards $status, and the files out and err.
call() {
    status=0
    "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
}

# refused STATUS TEXT: the last call ended with STATUS, said TEXT on standard error in a line that
# begins with "numasim: ", and nothing on standard output.
refused() {
    [ "$status" -eq "$1" ] || { echo "status $status, expected $1"; cat "$scratch/err"; return 1; }
    [ ! -s "$scratch/out" ] || { echo 'it printed to standard output'; return 1; }
    grep -F -e "$2" "$scratch/err" | grep -q '^numasim: ' ||
        { echo "expected: numasim: ...$2"; cat "$scratch/err"; return 1; }
}

# refuses STATUS TEXT ARGUMENT...: so does `numasim ARGUMENT...`.
refuses() {
    wanted=$1
    text=$2
    shift 2
    call "$NUMASIM" "$@"
    ok "numasim $*" refused "$wanted" "$text"
}

# is_json FILE
is_json() {
    perl -MJSON::PP -0777 -ne 'JSON::PP->new->decode($_)' "$1"
}

done_testing() {
    echo "1..$count"
}
