# shellcheck shell=dash disable=SC2154,SC2034 # the library and its tests share variables
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Every folder of fixtures/fstab is a case: the fstab of the base, the policies, what the union sees.
test_fstab_cases() {
    for case in "$top"/tests/fixtures/fstab/*; do
        policies=$case/mounts uppers=/run/initramfs/overlayroot/rw store=/run/initramfs/overlayroot/data/overlayroot
        conf_options=xino=off
        overlayroot_fstab "$case/fstab" | sed 1d >found
        cmp -s found "$case/expected" || {
            echo "case ${case##*/}:"
            diff "$case/expected" found
            return 1
        }
    done
}

test_fstab_begins_with_a_word_to_whoever_edits_it() {
    policies=none
    equal "$(overlayroot_fstab none)" "# Made at boot by overlayroot from the /etc/fstab of the base; to change that one, use maintenance."
}

test_read_only_replaces_whole_options_only() {
    equal "$(overlayroot_read_only rw,errors=remount-ro,prorw)" "ro,errors=remount-ro,prorw" &&
        equal "$(overlayroot_read_only defaults)" ro &&
        equal "$(overlayroot_read_only 'a*,rw')" 'ro,a*'
}
