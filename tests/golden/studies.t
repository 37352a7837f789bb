#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP: what every study in results/ expects holds, but for those that take minutes (`make studies`).
. "$(dirname "$0")/../cli/tap.sh"
studies=$(cd "$tests/../results" && pwd)/studies

holds() {
    "$NUMASIM" study "$1"
}
for study in "$studies"/*.yaml; do
    case $study in
    *-long.yaml) continue ;;
    esac
    ok "$(basename "$study" .yaml)" holds "$study"
done

done_testing
