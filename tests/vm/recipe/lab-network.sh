#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
#
# The address that qemu gives its guest, for those without a program that asks for it.

for device in /sys/class/net/e*; do
    device=${device##*/}
    ip link set "$device" up
    ip address add 10.0.2.15/24 dev "$device"
    ip route add default via 10.0.2.2
done
