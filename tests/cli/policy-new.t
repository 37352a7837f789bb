#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: what `numasim policy new` writes builds and runs at once, inside the tree and outside it, by
# the lines that it prints.
. "$(dirname "$0")/tap.sh"
root=$(cd "$tests/.." && pwd)

# advice WORD: the line of the file "said" that begins with WORD, without it.
advice() {
    sed -n "s/^$1: *//p" said
}

# Runs with the printed choice of plugin on a small machine.
run_advice() {
    # shellcheck disable=SC2046 # one word to an argument
    "$1" run -t teach-uma-4 -w hackbench $(advice run | sed 's/^.*run \.\.\. //')
}

# Inside: a tree of its own, whose policies/ holds shipped files alone: what the user adds to the
# folder is no part of this.
mkdir -p tree/policies
for part in Makefile .clang-format sim topologies workloads tests; do
    ln -s "$root/$part" "tree/$part"
done
cp "$root/policies/skeleton.c" "$root/policies/linux-6.12.yaml" tree/policies/
"$NUMASIM" policy new newly-written -d tree/policies >said
ok 'inside the tree: the file is there' test -s tree/policies/newly-written.c
ok 'make builds it' make -C tree BUILD=build/new build/new/policies/newly-written.so
# The command finds what stands beside it.
cp "$(readlink -f "$NUMASIM")" tree/build/new/numasim
cp "$(dirname "$(readlink -f "$NUMASIM")")"/policies/*.so tree/build/new/policies/
make -s -C tree BUILD=build/new build/new/policies/newly-written.so >/dev/null 2>&1
ok 'it is listed' sh -c 'tree/build/new/numasim policy list --format names | grep -qx newly-written'
ok 'and good' tree/build/new/numasim policy validate newly-written
ok 'and runs as advised' run_advice tree/build/new/numasim

call "$NUMASIM" policy new newly-written -d tree/policies
ok 'a file that exists is not touched' refused 2 'newly-written.c: exists already'
call "$NUMASIM" policy new 'My Policy'
ok 'a bad name is refused' refused 2 "'My Policy' is no name for a policy"
call "$NUMASIM" policy new newly-written -d none
ok 'a folder that does not exist is an error' refused 2 'none'

# No line's layout hangs on how long the name is.
if command -v clang-format >/dev/null; then
    for name in a newly-written abcdefghijklmnopqrstuvwxyzabcd; do
        call "$NUMASIM" policy new "$name" -d tree/policies
        ok "'$name' is formatted" clang-format --dry-run -Werror "tree/policies/$name.c"
    done
else
    skip 'formatting' 'clang-format is not installed'
fi

# Outside: against what `make install` put down.
stage=${NUMASIM_STAGE:-}
installed=$stage/usr/local/bin/numasim
if [ -z "$stage" ] || [ ! -x "$installed" ]; then
    skip 'outside the tree' 'nothing is installed in NUMASIM_STAGE'
    done_testing
    exit 0
fi
mkdir outside
cd outside || exit 1
"$installed" policy new theirs >said
ok 'outside the tree: the file is there' test -s theirs.c
PKG_CONFIG_PATH=$stage/usr/local/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage \
    PATH=$stage/usr/local/bin:$PATH
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR PATH
ok 'it builds as advised' sh -c "$(advice build)"
ok 'it is good, as advised' sh -c "$(advice check)"
ok 'and runs as advised' run_advice "$installed"
done_testing
