#!/bin/sh
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
### BEGIN INIT INFO
# Provides:          overlayroot
# Required-Start:
# Required-Stop:     umountfs
# X-Stop-After:      sendsigs umountnfs
# Default-Start:
# Default-Stop:      0 6
# Short-Description: Save the session of the root union.
# Description:       What comes next, the unmounting too, runs in the exit root.
### END INIT INFO

[ "$1" != stop ] || exec /usr/local/lib/overlayroot/halt.sh stop
