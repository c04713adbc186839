# shellcheck shell=bash
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Made by tests/tools/command_files.py.

_overlayrootctl() {
    local words=''
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='status diff save discard-session reset rollback generations prune commit fold exit-root convert keep-awake mkinitrd subhost check checksums --help'
    else
        case ${COMP_WORDS[1]} in
            status) words='--help --json' ;;
            diff) words='--help --generation --layer --since --text --limit --json' ;;
            save) words='--help --label --drop-acls --mode --session --upper --store --check --json' ;;
            discard-session) words='--help --withdraw --check --json' ;;
            reset) words='--help --keep --method --id --discard-saved --withdraw --check --json' ;;
            rollback) words='--help --check --json' ;;
            generations) words='--help --store --json' ;;
            prune) words='--help --keep --before --size --check --json' ;;
            commit) words='--help --store --source --without-upper --format --compression --drop-acls --replace --discard-old --rehearse --check --json' ;;
            fold) words='--help --store --check --json' ;;
            exit-root) words='--help --check --json' ;;
            convert) words='--help --from --to --below --check --json' ;;
            keep-awake) words='--help --check --json' ;;
            mkinitrd) words='--help --kernel --modules --busybox --scripts --check --json' ;;
            subhost) words='--help --label --keep --before --commands --bridges --check --json' ;;
            check) words='--help --repair --store --check --json' ;;
            checksums) words='--help --store --check --json' ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$2")
}

# What is no word of these is completed as the name of a file.
complete -o default -F _overlayrootctl overlayrootctl
