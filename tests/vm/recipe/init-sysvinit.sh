# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
# shellcheck shell=sh

# The last of the scripts of a boot.
install -m 0755 /recipe/lab-network.sh /etc/rc.local

# No other terminal than the serial one.
sed -i '/^[1-6]:/d' /etc/inittab
echo 'T0:2345:respawn:/sbin/agetty --autologin root --keep-baud 115200 ttyS0 vt220' >>/etc/inittab

rm -f /etc/machine-id
dbus-uuidgen --ensure=/etc/machine-id
