#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what numasim needs and this system lacks: deps.sh [build] [plot] [check]
#   build  compile the simulator; plot  draw pictures; check  run `make check`
# With everything present it does nothing and asks nothing.
set -eu

missing=''

# need PACKAGE COMMAND...: PACKAGE is missing where COMMAND fails.
need() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

has() {
    command -v "$1"
}

c_library_headers() {
    echo '#include <stdio.h>' | "${CC:-gcc}" -E -
}

universal_ctags() {
    ctags --version | grep -q 'Universal Ctags'
}

clang_runtime() {
    has clang && ls "$(clang -print-runtime-dir)"/libclang_rt.fuzzer* ||
        ls "$(clang -print-resource-dir)"/lib/*/libclang_rt.fuzzer*
}

for group in "$@"; do
    case $group in
    build)
        need gcc has gcc
        need libc6-dev c_library_headers
        need pkg-config has pkg-config
        need libglib2.0-dev pkg-config --exists 'glib-2.0 >= 2.68'
        need libjson-glib-dev pkg-config --exists json-glib-1.0
        need libyaml-dev pkg-config --exists yaml-0.1
        need libxxhash-dev pkg-config --exists libxxhash
        need libhwloc-dev pkg-config --exists 'hwloc >= 2.4'
        need libarchive-dev pkg-config --exists libarchive
        need libnuma-dev pkg-config --exists numa
        need gzip has gzip
        ;;
    plot)
        need gnuplot-nox has gnuplot
        ;;
    check)
        need clang has clang
        need clang-runtime clang_runtime
        need clang-format has clang-format
        need universal-ctags universal_ctags
        need perl has prove
        need git has git
        need libxml2-utils has xmllint
        ;;
    *)
        echo "deps.sh: unknown group '$group'; expected build, plot or check" >&2
        exit 2
        ;;
    esac
done

[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "numasim needs these (named as Debian names them), and this system has no apt-get to" >&2
    echo "install them with:$missing" >&2
    exit 1
fi
as_root=''
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "numasim needs:$missing" >&2
        echo "Installing them takes root or sudo, and there is neither." >&2
        exit 1
    fi
    as_root=sudo
fi
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
}

echo "Missing:$missing. Reading the package lists."
apt update

# The sanitizers' runtime is a package of its own in some releases, whose name carries clang's
# version, and a part of clang in others.
runtime=''
case $missing in
*clang-runtime*)
    version=$(apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9][0-9]*\)$/\1/p' | head -n 1)
    for candidate in "libclang-rt-$version-dev" "libclang-common-$version-dev"; do
        if [ -n "$(apt-cache search --names-only "^$candidate\$")" ]; then
            runtime=$candidate
            break
        fi
    done
    ;;
esac
packages=$(echo "$missing" | sed "s/clang-runtime/$runtime/")

echo "Installing:$packages"
# shellcheck disable=SC2086 # one word to a package
apt install -y --no-install-recommends $packages >/dev/null
