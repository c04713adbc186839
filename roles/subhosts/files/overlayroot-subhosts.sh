#!/bin/sh
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
### BEGIN INIT INFO
# Provides:          overlayroot-subhosts
# Required-Start:    $remote_fs $network
# Required-Stop:     $remote_fs $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Subhosts
### END INIT INFO

# A line of the file is the path of a configuration; one that begins with # is none.
LIST=/etc/overlayroot/subhosts

# Does a verb, with options, to each.
each() {
    verb=$1
    shift
    status=0
    [ -r "$LIST" ] || return 0
    while read -r config; do
        case $config in
            '#'* | '') ;;
            *) /usr/local/sbin/overlayrootctl subhost "$verb" "$config" "$@" </dev/null || status=1 ;;
        esac
    done <"$LIST"
    return "$status"
}

case $1 in
    start) each boot --bridges ;;
    stop) each stop ;;
    restart | force-reload) each restart --bridges ;;
    status) /usr/local/sbin/overlayrootctl subhost list ;;
    *)
        echo "Usage: $0 start|stop|restart|force-reload|status" >&2
        exit 2
        ;;
esac
