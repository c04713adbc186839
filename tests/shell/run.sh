#!/bin/sh
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs every test_*.sh beside this file under each shell that an initramfs may have, and prints TAP.
# A test is a function whose name begins with test_; it fails by returning non-zero.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
export top

number=0 failed=0
for shell in "dash" "busybox sh"; do
    if ! command -v "${shell%% *}" >/dev/null; then
        number=$((number + 1))
        echo "ok $number - all tests under $shell # SKIP ${shell%% *} is not installed"
        continue
    fi
    for file in "$here"/test_*.sh; do
        # shellcheck disable=SC2013 # function names hold no blanks
        for name in $(sed -n 's/^\(test_[a-z0-9_]*\)() *{$/\1/p' "$file"); do
            number=$((number + 1))
            scratch=$(mktemp -d)
            export scratch
            # shellcheck disable=SC2016 # expanded by the shell that runs the test
            if (cd "$scratch" && $shell -c '. "$top/tests/shell/lib.sh"; . "$1"; "$2"' test "$file" "$name") >"$scratch/log" 2>&1; then
                echo "ok $number - $name ($shell)"
            else
                failed=$((failed + 1))
                echo "not ok $number - $name ($shell)"
                sed 's/^/# /' "$scratch/log"
            fi
            rm -rf "$scratch"
        done
    done
done
echo "1..$number"
[ "$failed" -eq 0 ]
