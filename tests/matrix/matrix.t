#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: the full matrix of policy set x topology x workload; `make check` runs its pairwise cover as
# the unit test of the same name.
cd "$(dirname "$0")/../.." || exit 1
if [ "${NUMASIM_MATRIX:-}" != full ]; then
    echo '1..0 # SKIP the cover runs as tests/unit/test-matrix'
    exit 0
fi
exec "$(dirname "$NUMASIM")/tests/unit/test-matrix"
