# shellcheck shell=dash disable=SC2154 # top comes from run.sh
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Nobody can end this machine, whatever becomes of the script.
as_nobody() {
    if [ "$(id -u)" -eq 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi
}

test_a_verb_is_refused_to_whoever_is_not_the_last_process() {
    for verb in poweroff nonsense --help; do
        told=$(as_nobody sh -s -- "$verb" <"$top/roles/initramfs/files/halt.sh" 2>&1)
        equal "$?" 2 && equal "$told" "halt.sh: '$verb' is for the last process of a host; others say leave, base or stop" || return
    done
}
