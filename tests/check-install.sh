#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: what `make install` put down is complete, and a policy outside the tree builds against it.
# NUMASIM_STAGE is the DESTDIR that it was installed into, with PREFIX=/usr/local.
set -u
stage=${NUMASIM_STAGE:-}
prefix=$stage/usr/local
if [ -z "$stage" ] || [ ! -x "$prefix/bin/numasim" ]; then
    echo '1..0 # SKIP nothing is installed in NUMASIM_STAGE'
    exit 0
fi
scratch=$(mktemp -d "${TMPDIR:-/tmp}/check-install.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
count=0

# check NAME COMMAND...
check() {
    name=$1
    shift
    count=$((count + 1))
    if output=$("$@" 2>&1); then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        echo "$output" | sed 's/^/# /'
    fi
}

packaged() {
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage pkg-config "$@" numasim
}

build_skeleton() {
    # shellcheck disable=SC2046 # one word to a flag
    gcc -std=c17 -Wall -Wextra -Werror -O2 -fPIC -shared $(packaged --cflags) \
        -o skeleton.so "$prefix/share/numasim/policies/skeleton.c"
}

man_pages() {
    pages=$("$prefix/bin/numasim" man --list) && for page in $pages; do
        grep -q '^\.TH' "$prefix/share/man/man1/$page.1" || return 1
    done
}

check 'the installed command runs' "$prefix/bin/numasim" --version
check 'it finds its topologies' "$prefix/bin/numasim" topology list
check 'it finds its workloads' "$prefix/bin/numasim" workload list
check 'it finds its policies' "$prefix/bin/numasim" policy list
check 'each man page is there' man_pages
check 'completion for bash is a shell script' \
    bash -n "$prefix/share/bash-completion/completions/numasim"
check 'completion for zsh names its command' \
    grep -q '^#compdef numasim' "$prefix/share/zsh/site-functions/_numasim"
check 'the skeleton builds outside the tree' build_skeleton
check 'and validates there' "$prefix/bin/numasim" policy validate ./skeleton.so
echo "1..$count"
