# shellcheck shell=dash
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The boot library: makes the root of a host a union. An adapter for an initramfs sources this file,
# supplies the two functions below and calls `overlayroot_boot ROOT`.
#
#   overlayroot_find_device ID          sets DEV to the node of ID (/dev/..., UUID=..., LABEL=...)
#   overlayroot_check_device DEV TYPE   checks the file system; fails if it cannot be used
#
# Needs: mount umount mkdir mv ln readlink cat cp chown chmod losetup modprobe sync. `mount` may be klibc's: two arguments
# always, `-o move` and `-o bind` for the long options. And blkid and mkfs.TYPE, for a new file system only; chroot, for
# layers in the format of another backend; @unionfs, for that backend.

: "${OVERLAYROOT_RUN:=/run/initramfs/overlayroot}"
: "${OVERLAYROOT_PUBLIC:=/run/overlayroot}"
: "${OVERLAYROOT_CMDLINE:=/proc/cmdline}"
: "${OVERLAYROOT_KMSG:=/dev/kmsg}"
: "${OVERLAYROOT_RELEASE:=/proc/sys/kernel/osrelease}"
: "${OVERLAYROOT_FILESYSTEMS:=/proc/filesystems}"
: "${OVERLAYROOT_PROCESSES:=/proc}"
: "${OVERLAYROOT_SPARED:=/run/sendsigs.omit.d}"

newline='
'
# Of the root, by each backend.
upper_names='upper upper.aufs upper.unionfs_fuse'

overlayroot_say() {
    printf 'overlayroot: %s\n' "$*" >&2
    printf 'overlayroot: %s\n' "$*" 2>/dev/null >"$OVERLAYROOT_KMSG" || :
}

# Every failure goes through here, so that the reason reaches the console and the boot record.
overlayroot_fail() {
    reason=$*
    overlayroot_say "$reason"
    return 1
}

overlayroot_is_number() {
    case $1 in '' | *[!0-9]*) return 1 ;; esac
}

# Of a layer: nothing that leads out of the store, nothing that is hidden.
overlayroot_is_id() {
    case $1 in '' | .* | *[!A-Za-z0-9._-]*) return 1 ;; esac
}

# ---- what is wanted ----

overlayroot_read_conf() {
    conf_backend=overlay conf_fallback='' conf_persistence=none conf_data='' conf_data_type='' conf_data_options=''
    conf_ram_size='' conf_ram_inodes='' conf_on_failure=open conf_options=''
    local line value unknown=''
    while IFS= read -r line || [ -n "$line" ]; do
        value=${line#*=}
        case $line in
            '' | '#'*) ;;
            backend=*) conf_backend=$value ;;
            backend_fallback=*) conf_fallback=$value ;;
            persistence=*) conf_persistence=$value ;;
            data=*) conf_data=$value ;;
            data_type=*) conf_data_type=$value ;;
            data_options=*) conf_data_options=$value ;;
            ram_size=*) conf_ram_size=$value ;;
            ram_inodes=*) conf_ram_inodes=$value ;;
            on_failure=*) conf_on_failure=$value ;;
            options=*) conf_options=$value ;;
            keep_* | fold_*) ;; # for those who save
            *) unknown=$line ;;
        esac
    done <"$1"
    # Only now, so that on_failure is known whatever comes before it.
    [ -z "$unknown" ] || overlayroot_fail "boot.conf: unknown setting '$unknown'"
}

overlayroot_check_conf() {
    local name
    for name in "$conf_backend" ${conf_fallback:+"$conf_fallback"}; do
        case $name in
            overlay | aufs | unionfs_fuse) ;;
            *) overlayroot_fail "boot.conf: unknown backend '$name'" || return ;;
        esac
    done
    case $conf_persistence in
        none) ;;
        session | upper)
            [ -n "$conf_data" ] || overlayroot_fail "boot.conf: persistence=$conf_persistence needs data" || return
            ;;
        *) overlayroot_fail "boot.conf: unknown persistence '$conf_persistence'" || return ;;
    esac
}

# One word of the kernel command line (without its prefix) or of boot/next.
overlayroot_request() {
    case $1 in
        mode=on | mode=off) ask_mode=${1#mode=} ;;
        reset) ask_reset=yes ;;
        discard) ask_discard=yes ;;
        keep=*) ask_keep=$ask_keep${1#keep=}$newline ;;
        save=*)
            ! overlayroot_is_id "${1#save=}" || { ask_save=${1#save=} && return; }
            overlayroot_say "request ignored, no name of a layer: $1"
            ;;
        generation=* | rollback=*)
            overlayroot_is_number "${1#*=}" || { overlayroot_say "request ignored, not a number: $1" && return; }
            case $1 in generation=*) ask_generation=${1#*=} ;; *) ask_rollback=${1#*=} ;; esac
            ;;
        *) overlayroot_say "unknown request ignored: $1" ;;
    esac
}

overlayroot_read_cmdline() {
    local words word
    read -r words <"$OVERLAYROOT_CMDLINE" || :
    set -f
    for word in $words; do
        case $word in overlayroot.*) overlayroot_request "${word#overlayroot.}" ;; esac
    done
    set +f
}

# The one-shot requests. They come second here and yield to the command line, where the operator at
# the console is.
overlayroot_read_next() {
    local word
    [ -s "$1" ] || return 0
    while read -r word || [ -n "$word" ]; do
        case $word in
            '') ;;
            # No word for the command line, which may stay from boot to boot.
            mkfs) ask_mkfs=yes ;;
            *) overlayroot_request "$word" ;;
        esac
    done <"$1"
    overlayroot_read_cmdline
}

# ---- what is there ----

# Sets backend to the one that was asked for, or to the fallback where this boot has no other.
overlayroot_choose_backend() {
    backend=$conf_backend
    ! overlayroot_has_backend "$backend" || return 0
    instead="this boot has no $backend"
    backend=$conf_fallback
    [ -n "$backend" ] && overlayroot_has_backend "$backend" || overlayroot_fail "$instead${backend:+, and no $backend}" || return
    instead="backend $backend, since $instead"
    overlayroot_say "$instead"
}

overlayroot_has_backend() {
    case $1 in
        unionfs_fuse) overlayroot_has_filesystem fuse && command -v @unionfs >/dev/null ;;
        *) overlayroot_has_filesystem "$1" ;;
    esac
}

overlayroot_has_filesystem() {
    local nodev type
    modprobe -q "$1" || :
    while read -r nodev type; do
        [ "${type:-$nodev}" != "$1" ] || return 0
    done <"$OVERLAYROOT_FILESYSTEMS"
    return 1
}

overlayroot_mount_data() {
    [ -n "$conf_data" ] || return 0
    DEV=
    overlayroot_find_device "$conf_data" || overlayroot_fail "data file system $conf_data not found" || return
    overlayroot_check_device "$DEV" "$conf_data_type" ||
        overlayroot_fail "data file system $conf_data ($DEV) needs a manual fsck" || return
    mkdir -p "$OVERLAYROOT_RUN/data"
    mount -n -t "$conf_data_type" -o "${conf_data_options:-noatime}" "$DEV" "$OVERLAYROOT_RUN/data" ||
        overlayroot_fail "data file system $conf_data ($DEV) cannot be mounted as $conf_data_type" || return
    store=$OVERLAYROOT_RUN/data/overlayroot
    [ -d "$store" ] || mkdir -m 0700 "$store" || overlayroot_fail "data file system $conf_data is not writable" || return
    overlayroot_check_version || return
    mkdir -p "$store/layers" "$store/generations" "$store/boot" "$store/trash" "$store/keep" ||
        overlayroot_fail "the store on $conf_data is not writable"
}

# How the store is laid out. A later layout is not to be read, let alone written to, by what does not know it.
overlayroot_check_version() {
    local version=''
    [ -f "$store/version" ] || overlayroot_put version 1 || return
    read -r version <"$store/version" || :
    [ "$version" = 1 ] || overlayroot_fail "the store has the version '$version', and this library knows version 1 only"
}

# Where boot/next lies: in the store, or on the base where there is none.
overlayroot_next_file() {
    if [ -n "$store" ]; then
        echo "$store/boot/next"
    else
        echo "$root/etc/overlayroot/boot/next"
    fi
}

# Emptied, not removed: an initramfs may have no rm, and the size says it all.
overlayroot_use_up_next() {
    local file
    file=$(overlayroot_next_file)
    [ -s "$file" ] || return 0
    [ -n "$store" ] || mount -n -o remount,rw none "$root" || overlayroot_fail "$file cannot be used up" || return
    : >"$file"
    sync
    [ -n "$store" ] || overlayroot_restore_root
}

# ---- a new data file system in the place of the old one ----

# It has the same label and UUID. Between the two there is nothing to find the device by, so a note about it lies
# on the base meanwhile: a boot that was cut off there is gone on with.
overlayroot_mkfs() {
    local uuid label is
    if ! { command -v "mkfs.$conf_data_type" && command -v blkid; } >/dev/null; then
        overlayroot_say "request ignored, this initramfs has no mkfs.$conf_data_type or no blkid: mkfs"
        return 0
    fi
    uuid=$(blkid -p -s UUID -o value "$DEV")
    label=$(blkid -p -s LABEL -o value "$DEV")
    is=$(overlayroot_holds "$DEV")
    if [ -z "$uuid" ] || ! overlayroot_note "mkfs=$(overlayroot_place "$DEV")" "uuid=$uuid" "label=$label" "is=$is"; then
        overlayroot_say "request ignored, what $DEV is called cannot be noted on the base: mkfs"
        return 0
    fi
    umount "$OVERLAYROOT_RUN/data" || overlayroot_fail "data file system $conf_data is in use" || return
    overlayroot_make_filesystem && overlayroot_mount_data && overlayroot_note
}

overlayroot_go_on_mkfs() {
    local word device='' uuid='' label='' is='' found
    [ -n "$conf_data" ] && [ -s "$root/etc/overlayroot/boot/next" ] || return 0
    while IFS= read -r word; do
        case $word in
            mkfs=*) device=${word#*=} ;;
            uuid=*) uuid=${word#*=} ;;
            label=*) label=${word#*=} ;;
            is=*) is=${word#*=} ;;
        esac
    done <"$root/etc/overlayroot/boot/next"
    [ -n "$device" ] || return 0
    DEV=
    overlayroot_find_device "$device" || overlayroot_fail "$device, where a new file system was being made, not found" || return
    found=$(overlayroot_holds "$DEV")
    [ -z "$found" ] || [ "$found" = "$is" ] ||
        overlayroot_fail "$device, where a new file system was being made, holds another one: $found" || return
    overlayroot_make_filesystem && overlayroot_note
}

overlayroot_make_filesystem() {
    overlayroot_say "a new file system is made on $DEV"
    "mkfs.$conf_data_type" -q -F -U "$uuid" -L "$label" "$DEV" || overlayroot_fail "no file system can be made on $DEV"
}

# Prints what is on the device $1: nothing, or one line.
overlayroot_holds() {
    # shellcheck disable=SC2046,SC2005 # its lines become words
    echo $(blkid -p -s UUID -s TYPE -s PTTYPE -o value "$1")
}

# Prints a name of the device $1 that tells it from others at the next boot, too, if there is one.
overlayroot_place() {
    local name
    for name in /dev/disk/by-partuuid/* /dev/disk/by-id/* /dev/disk/by-path/*; do
        [ "$name" -ef "$1" ] && echo "$name" && return
    done
    echo "$1"
}

# Makes the arguments the lines of boot/next on the base; without any it says nothing more.
overlayroot_note() {
    local file=$root/etc/overlayroot/boot/next written=yes
    mount -n -o remount,rw none "$root" || overlayroot_fail "$file cannot be written" || return
    if [ $# -eq 0 ]; then
        : >"$file"
    else
        mkdir -p "${file%/*}" && printf '%s\n' "$@" >"$file.new" && sync && mv "$file.new" "$file"
    fi || written=''
    sync
    overlayroot_restore_root
    [ -n "$written" ] || overlayroot_fail "$file cannot be written"
}

# Read-only or writable, the root is given back as the initramfs mounted it.
overlayroot_restore_root() {
    mount -n -o "remount,$root_access" none "$root"
}

# Sets saved to the layers of generation $1, topmost first, and layers to their number; lower to those that the
# root is seen through, and below to what is under them: the base, or an image, which holds the whole root as it
# was seen through the layers before it.
overlayroot_read_generation() {
    local id image='' file=$store/generations/$1
    overlayroot_release_image
    saved='' lower='' layers=0 below=$OVERLAYROOT_RUN/base
    [ "$1" != 0 ] || return 0
    [ -n "$store" ] || overlayroot_fail "generation $1: there is no data file system to hold it" || return
    [ -f "$file" ] || overlayroot_fail "generation $1: the store does not have it" || return
    while read -r id || [ -n "$id" ]; do
        overlayroot_is_id "$id" || overlayroot_fail "generation $1: bad layer id '$id'" || return
        if [ -f "$store/layers/$id" ]; then
            image=$id lower=''
        else
            [ -d "$store/layers/$id" ] || overlayroot_fail "generation $1: layer $id is missing" || return
            saved=$store/layers/$id${saved:+:$saved} lower=$store/layers/$id${lower:+:$lower}
        fi
        layers=$((layers + 1))
    done <"$file"
    [ -z "$image" ] || overlayroot_mount_image "$image" || overlayroot_fail "generation $1: $reason"
}

# The name of an image ends in its type. Its kernel modules must be those of the kernel, which comes from the base.
overlayroot_mount_image() {
    local type=${1##*.} release
    below=$OVERLAYROOT_RUN/image
    modprobe -q -a loop "$type" || :
    mkdir -p "$below"
    loop=$(losetup -f) && losetup -r "$loop" "$store/layers/$1" || overlayroot_fail "image $1 gets no loop device" || return
    mount -n -t "$type" -o ro "$loop" "$below" || overlayroot_fail "image $1 cannot be mounted as $type" || return
    read -r release <"$OVERLAYROOT_RELEASE"
    overlayroot_is_mounted "$root/usr" || [ -d "$below/lib/modules/$release" ] ||
        overlayroot_fail "image $1 has no modules of the kernel $release"
}

overlayroot_release_image() {
    [ -n "$loop" ] || return 0
    ! overlayroot_is_mounted "$OVERLAYROOT_RUN/image" || umount "$OVERLAYROOT_RUN/image"
    losetup -d "$loop"
    loop=''
}

# Sets current to the generation that is booted unless another one is asked for.
overlayroot_read_current() {
    current=0
    [ -z "$store" ] || [ ! -s "$store/boot/current" ] || read -r current <"$store/boot/current" || :
    overlayroot_is_number "$current" || overlayroot_fail "boot/current holds '$current', not a number"
}

# Which generation to boot, and whether the persistent upper belongs to it.
overlayroot_choose_generation() {
    overlayroot_read_current || return
    generation=${ask_generation:-$current}
    persistence=$conf_persistence
    overlayroot_read_owner
    [ "$persistence,$ask_discard" != session,yes ] || persistence=none
    case $persistence,$generation,$owner in
        none,* | *,"$current,$current") ;;
        session,"$current",*) ;;
        *)
            overlayroot_say "a visit to generation $generation: nothing of it is kept"
            persistence=none
            ;;
    esac
    overlayroot_read_generation "$generation"
}

# Sets owner to the generation that the upper on the disk was written over: while a host had its upper in RAM,
# another one may have become current.
overlayroot_read_owner() {
    owner=$current
    [ -z "$store" ] || [ ! -d "$store/upper" ] || [ ! -s "$store/boot/upper" ] || read -r owner <"$store/boot/upper" || :
}

# ---- what becomes of the upper: each in constant time, by renames, whatever it holds ----

# Sets aside to a new folder in the trash, which the running system deletes.
overlayroot_make_aside() {
    local n=0
    while [ -e "$store/trash/$n" ]; do n=$((n + 1)); done
    aside=$store/trash/$n
    mkdir "$aside" || overlayroot_fail "the store is not writable"
}

overlayroot_reset() {
    [ "$conf_persistence" = upper ] || return 0
    overlayroot_make_aside || return
    # The new upper is the first to be put in place: where it is, a boot was cut off, and only the rest is left.
    if [ -z "$ask_keep" ] || overlayroot_has_kept; then
        # shellcheck disable=SC2086 # one word a name
        overlayroot_keep && overlayroot_move "$store" "$aside" $upper_names work mounts || return
    fi
    # shellcheck disable=SC2086
    [ -z "$ask_keep" ] || overlayroot_move "$store/kept" "$store" $upper_names mounts || return
    sync
}

overlayroot_has_kept() {
    local name
    for name in $upper_names; do [ ! -d "$store/kept/$name" ] || return 0; done
    return 1
}

# What of the folder $1 has the names after it, to the folder $2.
overlayroot_move() {
    local from=$1 to=$2 name
    shift 2
    for name; do
        [ ! -e "$from/$name" ] || mv "$from/$name" "$to/$name" || overlayroot_fail "$from/$name cannot be moved to $to" || return
    done
}

# What survives a reset is moved into the folder kept, where the folders on its way were made when that was
# asked for. Those of the upper are the users': a link that is there by now leads nowhere.
overlayroot_keep() {
    local path
    printf '%s' "$ask_keep" | while read -r path; do
        path=$(printf '%b' "$path")
        if overlayroot_is_plain "$store" "${path%/*}" && overlayroot_is_plain "$store/kept" "${path%/*}"; then
            { [ ! -e "$store/$path" ] && [ ! -L "$store/$path" ]; } || mv "$store/$path" "$store/kept/$path" ||
                overlayroot_say "reset: $path is not kept"
        fi
    done
}

# Whether the path $2 leads from the folder $1 through folders only.
overlayroot_is_plain() {
    local here=$1 rest=$2/
    while [ -n "$rest" ]; do
        here=$here/${rest%%/*} rest=${rest#*/}
        [ -d "$here" ] && [ ! -L "$here" ] || return 1
    done
}

# A generation that cannot be booted is not gone to.
overlayroot_rollback() {
    overlayroot_read_generation "$1" && overlayroot_reset && overlayroot_put boot/current "$1"
}

# What is in transit, or the upper, becomes the layer $1 on top of a new generation. Goes on where a boot was cut off.
overlayroot_save() {
    local new=$store/layers/.$1.new
    [ ! -d "$store/transit/$1" ] || overlayroot_move "$store/transit" "$store/layers" "$1.json" "$1" || return
    if [ ! -d "$store/layers/$1" ]; then
        overlayroot_read_current && overlayroot_read_generation "$current" && overlayroot_convert_upper overlay || return
        if [ "$conf_persistence" != upper ] || ! { [ -d "$store/upper" ] || [ -d "$new" ]; }; then
            overlayroot_say "request ignored, there is no upper to save: save=$1"
            return 0
        fi
        overlayroot_make_aside &&
            { [ -d "$new" ] || mv "$store/upper" "$new"; } &&
            overlayroot_save_mounts "$new" &&
            sync &&
            mv "$new" "$store/layers/$1" || overlayroot_fail "save: layer $1 cannot be put together" || return
    fi
    overlayroot_stack "$1" && overlayroot_reset
}

# The layer $1 holds the uppers of other file systems where these are mounted.
overlayroot_save_mounts() {
    local policy id path owner mode options upper
    [ -f "$policies" ] || return 0
    while read -r policy id path owner mode options; do
        upper=$store/mounts/$id/upper
        [ "$policy,$path" != union,/ ] && [ -d "$upper" ] || continue
        path=$1$(printf '%b' "$path")
        # A mount point that the session made; what a mount point holds was never seen.
        [ ! -e "$path" ] || mv "$path" "$aside/$id" || return
        mkdir -p "${path%/*}" && mv "$upper" "$path" || return
    done <"$policies"
}

# A new generation of the layers that came with $1, or of those of the current one and $1, unless the newest is that.
overlayroot_stack() {
    local file newest=0 ids came=$store/transit/$1.layers
    for file in "$store/generations"/*; do
        file=${file##*/}
        ! overlayroot_is_number "$file" || [ "$file" -le "$newest" ] || newest=$file
    done
    ids=$(overlayroot_ids "$newest")
    if [ "${ids##*[!A-Za-z0-9._-]}" != "$1" ]; then
        newest=$((newest + 1))
        if [ -f "$came" ]; then
            sync && mv "$came" "$store/generations/$newest" || overlayroot_fail "$came cannot be moved" || return
        else
            overlayroot_read_current || return
            ids=$(overlayroot_ids "$current")
            overlayroot_put "generations/$newest" "${ids:+$ids$newline}$1" || return
        fi
    fi
    overlayroot_put boot/current "$newest"
}

overlayroot_ids() {
    [ ! -f "$store/generations/$1" ] || cat "$store/generations/$1"
}

# Writes $2 to the file $1 of the store: a boot that is cut off leaves the old content or the new one.
overlayroot_put() {
    { printf '%s\n' "$2" >"$store/$1.new" && sync && mv "$store/$1.new" "$store/$1" && sync; } ||
        overlayroot_fail "$store/$1 cannot be written"
}

# ---- the union ----

# Sets uppers to the folder that holds upper, work and mounts.
overlayroot_make_uppers() {
    if [ "$persistence" = upper ]; then
        uppers=$store
        overlayroot_convert_upper "$backend" || return
        [ -d "$store/$(overlayroot_upper_of "$backend")" ] || overlayroot_put boot/upper "$generation"
        return
    fi
    uppers=$OVERLAYROOT_RUN/rw
    mount -n -t tmpfs -o "mode=0755,size=${conf_ram_size:-50%}${conf_ram_inodes:+,nr_inodes=$conf_ram_inodes}" \
        overlayroot "$uppers" || overlayroot_fail "the upper in RAM cannot be mounted (size=$conf_ram_size)"
}

# The root folder of an upper is what the union shows as its root: it gets the base's owner and mode.
overlayroot_make_upper() {
    local folder=$1 owner=$2 mode=$3
    mkdir -p "$folder/work" || overlayroot_fail "$folder/work cannot be made" || return
    overlayroot_make_folder "$folder/upper" "$owner" "$mode"
}

# The name of an upper says which backend has written it.
overlayroot_upper_of() {
    case $1 in overlay) echo upper ;; *) echo "upper.$1" ;; esac
}

# A folder that is there has its owner and mode: mkdir gives the usual ones at once, any others are given
# aside. To start programs is what the hook spends its time on.
overlayroot_make_folder() {
    [ ! -d "$1" ] || return 0
    case $2,${#3} in
        0:0,3) mkdir -m "$3" "$1" ;;
        *) mkdir -p "$1.new" && chown "$2" "$1.new" && chmod "$3" "$1.new" && mv "$1.new" "$1" ;;
    esac || overlayroot_fail "$1 cannot be made"
}

overlayroot_mount_overlay() {
    local lower=$1 folder=$2 target=$3
    mount -n -t overlay -o "lowerdir=$lower,upperdir=$folder/upper,workdir=$folder/work${conf_options:+,$conf_options}" \
        overlayroot "$target" || overlayroot_fail "the union at $target cannot be mounted" || return
    # The kernel falls back to read-only where it cannot write to the work folder.
    [ "$(overlayroot_access "$target")" = rw ] ||
        overlayroot_fail "the union at $target came up read-only: the upper's file system is full or damaged"
}

# Sets policy, id, path, owner, mode and options to the line of the mounts file for path $1; the
# policy is skip where there is none.
overlayroot_policy() {
    if [ -f "$policies" ]; then
        while read -r policy id path owner mode options; do
            [ "$path" != "$1" ] || return 0
        done <"$policies"
    fi
    policy=skip id=- path=$1 owner=0:0 mode=755 options=-
}

overlayroot_is_mounted() {
    local device path rest
    while read -r device path rest; do
        [ "$path" != "$1" ] || return 0
    done </proc/mounts
    return 1
}

# Prints ro or rw: how the mount on top at $1 was mounted.
overlayroot_access() {
    local device path type opts rest access=rw
    while read -r device path type opts rest; do
        [ "$path" != "$1" ] || access=${opts%%,*}
    done </proc/mounts
    echo "$access"
}

overlayroot_mount_root() {
    overlayroot_policy /
    [ "$backend" != aufs ] || overlayroot_convert_layers || return
    upper=$uppers/$(overlayroot_upper_of "$backend")
    case $backend in
        overlay) overlayroot_make_upper "$uppers" "$owner" "$mode" ;;
        *) overlayroot_make_folder "$upper" "$owner" "$mode" ;;
    esac || return
    mount -n -o remount,ro none "$root" || overlayroot_fail "the base cannot be made read-only" || return
    mount -n -o move "$root" "$OVERLAYROOT_RUN/base" || overlayroot_fail "the root cannot be moved" || return
    case $backend in
        overlay) overlayroot_mount_overlay "${lower:+$lower:}$below" "$uppers" "$root" ;;
        *) "overlayroot_mount_$backend" ;;
    esac
}

# Its table of inode numbers would keep the file system of the upper from being made read-only, so that has its own place.
# A lower may have attributes that an upper in RAM cannot hold. And the kernel has crashed with 85 branches in one call.
overlayroot_mount_aufs() {
    local layer rest=$lower
    mount -n -t aufs -o "br=$upper=rw+icexusr,udba=reval,dirperm1,xino=$OVERLAYROOT_RUN/root.xino" overlayroot "$root" ||
        overlayroot_fail "the union at $root cannot be mounted" || return
    while [ -n "$rest" ]; do
        layer=${rest%%:*} rest=${rest#"${rest%%:*}"} rest=${rest#:}
        mount -n -o "remount,append=$store/layers.aufs/${layer##*/}=ro+wh" none "$root" ||
            overlayroot_fail "the layer ${layer##*/} cannot become a branch" || return
    done
    mount -n -o "remount,append=$below=rr" none "$root" || overlayroot_fail "the base cannot become a branch"
}

# Layers are seen through an overlay below it. The program outlives the initramfs, where it finds nothing any more by
# then: its root is where its branches are. systemd knows by the first letter whom to spare, and has left this root before it
# stops all programs for a moment.
overlayroot_mount_unionfs_fuse() {
    local options=cow,allow_other,use_ino,suid,dev,hide_meta_files,nonempty,max_files=65536,subtype=unionfs
    if [ -n "$lower" ]; then
        mkdir -p "$OVERLAYROOT_RUN/lower"
        mount -n -t overlay -o "ro,lowerdir=$lower:$below${conf_options:+,$conf_options}" overlayroot "$OVERLAYROOT_RUN/lower" ||
            overlayroot_fail "the layers cannot be seen as one" || return
        below=$OVERLAYROOT_RUN/lower
    fi
    @unionfs -o "$options,chroot=$OVERLAYROOT_RUN,fsname=unionfs:$upper=RW:$below=RO" \
        "${upper#"$OVERLAYROOT_RUN"}=RW:${below#"$OVERLAYROOT_RUN"}=RO" "$root" ||
        overlayroot_fail "the union at $root cannot be mounted"
}

# ---- what another backend can read: made by the command of the base, which is the root at this time ----

# The upper on the disk becomes that of the backend $1.
overlayroot_convert_upper() {
    local format
    for format in aufs unionfs_fuse; do
        [ "$format" = "$1" ] || overlayroot_convert_folder "$format" overlay "$store/upper.$format" "$store/upper" || return
    done
    [ "$1" = overlay ] || overlayroot_convert_folder overlay "$1" "$store/upper" "$store/upper.$1"
}

# Where a boot was cut off, the new one is whole, and only the old one is left to be moved aside.
overlayroot_convert_folder() {
    [ -d "$3" ] || return 0
    overlayroot_convert "$@" "$lower" && overlayroot_make_aside && mv "$3" "$aside" && sync
}

# The layers of the generation, each once.
overlayroot_convert_layers() {
    local layer rest=$lower
    while [ -n "$rest" ]; do
        layer=${rest%%:*} rest=${rest#"${rest%%:*}"} rest=${rest#:}
        mkdir -p "$store/layers.aufs"
        overlayroot_convert overlay aufs "$layer" "$store/layers.aufs/${layer##*/}" "$rest" || return
    done
}

# Makes the folder $4 in the format $2 of the folder $3 in the format $1, which lies on the layers $5.
overlayroot_convert() {
    local base=/
    [ ! -d "$4" ] || return 0
    overlayroot_say "$3 is made readable for $2"
    [ -z "$loop" ] || base=$below
    overlayroot_by_command "$root" "$OVERLAYROOT_RUN/data ${loop:+$below}" \
        convert --from "$1" --to "$2" --below "${5:+$5:}$base" "$3" "$4" ||
        overlayroot_fail "$3 cannot be made readable for $2"
}

# The command of the base, which is at $1, does $3 and so on, with the mounts $2 beside those that every program needs.
# So early the kernel may have no random numbers yet for who does not ask /dev/urandom.
overlayroot_by_command() {
    local part code=0 bound='' base=$1 needed="/dev /proc /run $2"
    shift 2
    for part in $needed; do
        mount -n -o bind "$part" "$base$part" || code=1
        bound="$part $bound"
    done
    [ "$code" != 0 ] || chroot "$base" /usr/local/sbin/overlayrootctl "$@" >/dev/null || code=1
    for part in $bound; do
        ! overlayroot_is_mounted "$base$part" || umount "$base$part"
    done
    return "$code"
}

# A separate /usr was mounted by the initramfs and moved with the root, out of the union's sight.
overlayroot_mount_usr() {
    local usr=$OVERLAYROOT_RUN/base/usr
    overlayroot_is_mounted "$usr" || return 0
    overlayroot_policy /usr
    case $policy in
        union)
            overlayroot_make_upper "$uppers/mounts/$id" "$owner" "$mode" || return
            mount -n -o remount,ro none "$usr" || overlayroot_fail "/usr cannot be made read-only" || return
            overlayroot_mount_overlay "$(overlayroot_layers_at /usr)$usr" "$uppers/mounts/$id" "$root/usr"
            ;;
        *)
            [ "$policy" != ro ] || mount -n -o remount,ro none "$usr" ||
                overlayroot_fail "/usr cannot be made read-only" || return
            mount -n -o bind "$usr" "$root/usr" || overlayroot_fail "/usr cannot be bound into the union"
            ;;
    esac
}

# What the layers hold at the path $1, where a file system of its own is mounted, each with a colon behind.
overlayroot_layers_at() {
    local layer plain IFS=:
    plain=$(printf '%b' "$1")
    for layer in $saved; do
        [ ! -d "$layer$plain" ] || printf '%s:' "$layer$1"
    done
}

# ---- every other file system ----

# Prints the mount options $1 turned read-only.
overlayroot_read_only() {
    local option out=ro IFS=,
    set -f
    for option in $1; do
        case $option in rw | ro | defaults) ;; *) out=$out,$option ;; esac
    done
    set +f
    printf '%s' "$out"
}

# Prints the nofail and x-systemd options among $1, each behind a comma: a union waits for its disk
# just as long as its disk would have been waited for.
overlayroot_waiting() {
    local option IFS=,
    set -f
    for option in $1; do
        case $option in nofail | noauto | _netdev | x-systemd.automount) printf ',%s' "$option" ;; esac
    done
    set +f
}

# A swap file is kept only where its file system stays writable as it is.
overlayroot_keeps_swap() {
    local file=$1 device path type rest owner_path=''
    case $file in /dev/* | *=*) return 0 ;; esac
    while read -r device path type rest; do
        case $device in '' | '#'*) continue ;; esac
        path=${path%/}
        case $file in "$path"/*) [ "${#path}" -le "${#owner_path}" ] || owner_path=$path ;; esac
    done <"$2"
    [ -n "$owner_path" ] || return 1
    overlayroot_policy "$owner_path"
    [ "$policy" = skip ]
}

# Rewrites one entry of fstab (see fstab(5)) by its policy.
overlayroot_fstab_entry() {
    local line=$1 device=$2 type=$4 opts=${5:-defaults} dump=${6:-0} pass=${7:-0} below
    overlayroot_policy "$3"
    [ "$options" = - ] && options=
    below=$OVERLAYROOT_PUBLIC/mounts/$id
    case $policy in
        ro) overlayroot_line "$device" "$path" "$type" "$(overlayroot_read_only "$opts")" "$dump" "$pass" ;;
        tmpfs) overlayroot_line tmpfs "$path" tmpfs "${options:-mode=$mode}" 0 0 ;;
        union)
            overlayroot_line "$device" "$below" "$type" "$(overlayroot_read_only "$opts")" "$dump" "$pass"
            overlayroot_line overlay "$path" overlay "$(overlayroot_fstab_union "$below" "$opts")" 0 0
            ;;
        *) overlayroot_line "$line" ;;
    esac
}

# Prints the options of the union whose base is mounted at $1 with the options $2.
overlayroot_fstab_union() {
    local folder=$uppers/mounts/$id
    printf '%s' "lowerdir=$(overlayroot_layers_at "$path")$1,upperdir=$folder/upper,workdir=$folder/work${conf_options:+,$conf_options}"
    printf '%s' ",x-systemd.requires-mounts-for=$1"
    overlayroot_waiting "$2"
}

# printf, since echo would turn the escapes of fstab into what they stand for.
overlayroot_line() {
    printf '%s\n' "$*"
}

# Policies for folders that fstab does not list.
overlayroot_fstab_folders() {
    local policy id path owner mode options
    [ -f "$policies" ] || return 0
    while read -r policy id path owner mode options; do
        ! overlayroot_fstab_lists "$path" "$1" || continue
        [ "$options" != - ] || options=
        case $policy in
            tmpfs) overlayroot_line tmpfs "$path" tmpfs "${options:-mode=$mode}" 0 0 ;;
            bind) overlayroot_line "$store/keep/$id" "$path" none bind 0 0 ;;
        esac
    done <"$policies"
}

overlayroot_fstab_lists() {
    local device path rest
    [ -f "$2" ] || return 1
    while read -r device path rest; do
        case $device in '' | '#'*) continue ;; esac
        [ "${path%/}" != "$1" ] || return 0
    done <"$2"
    return 1
}

# Prints the fstab $1 as the union is to see it. The entry of / goes: the root is mounted, and nothing
# may ask for it with options that overlayfs refuses. So does the entry of /usr, for the same reason.
overlayroot_fstab() {
    local line device path type opts dump pass rest
    echo "# Made at boot by overlayroot from the /etc/fstab of the base; to change that one, use maintenance."
    if [ -f "$1" ]; then
        # shellcheck disable=SC2094 # read twice, written nowhere
        while IFS= read -r line || [ -n "$line" ]; do
            IFS=' 	' read -r device path type opts dump pass rest <<FIELDS
$line
FIELDS
            case $device in '' | '#'*) overlayroot_line "$line"; continue ;; esac
            path=${path%/}
            case $path,$type in
                ,* | /usr,*) continue ;;
                *,swap) ! overlayroot_keeps_swap "$device" "$1" || overlayroot_line "$line" ;;
                *) overlayroot_fstab_entry "$line" "$device" "$path" "$type" "$opts" "$dump" "$pass" ;;
            esac
        done <"$1"
    fi
    overlayroot_fstab_folders "$1"
}

# The folders that the entries above speak of.
overlayroot_make_mounts() {
    local policy id path owner mode options
    [ -f "$policies" ] || return 0
    while read -r policy id path owner mode options; do
        case $policy,$path in
            union,/ | union,/usr) ;;
            union,*)
                mkdir -p "$OVERLAYROOT_PUBLIC/mounts/$id"
                overlayroot_make_upper "$uppers/mounts/$id" "$owner" "$mode" || return
                ;;
            bind,*) overlayroot_fstab_lists "$path" "$fstab" || overlayroot_make_kept || return ;;
        esac
    done <"$policies"
}

# A kept folder starts with what the union shows there, and is whole before it has its name.
overlayroot_make_kept() {
    local new=$store/keep/$id.new plain
    [ -n "$store" ] || overlayroot_fail "$path: policy bind needs a data file system" || return
    [ ! -d "$store/keep/$id" ] || return 0
    plain=$(printf '%b' "$path")
    if ! { mkdir -p "$new" && chown "$owner" "$new" && chmod "$mode" "$new" &&
        { [ ! -d "$root$plain" ] || cp -a "$root$plain/." "$new/"; } && sync && mv "$new" "$store/keep/$id"; }; then
        overlayroot_fail "$path: the kept folder cannot be filled"
    fi
}

# The lowers of a few layers are longer than the 255 bytes that mount(8) can give to the kernel by its newer calls.
overlayroot_mount_long_options() {
    local folder=/run/systemd/system/mount.d
    mkdir -p "$folder" && printf '[Mount]\nEnvironment=LIBMOUNT_FORCE_MOUNT2=always\n' >"$folder/overlayroot.conf"
}

overlayroot_bind_fstab() {
    overlayroot_make_mounts || return
    [ -z "$saved" ] || overlayroot_mount_long_options
    overlayroot_fstab "$fstab" >"$OVERLAYROOT_PUBLIC/fstab" || overlayroot_fail "the fstab of the union cannot be written" || return
    [ -f "$root/etc/fstab" ] || return 0
    # Read-only, so that who edits it learns at once that the change would not last.
    mount -n -o bind "$OVERLAYROOT_PUBLIC/fstab" "$root/etc/fstab" ||
        overlayroot_fail "the fstab of the union cannot be bound" || return
    mount -n -o remount,bind,ro none "$root/etc/fstab" || overlayroot_fail "the fstab of the union stays writable"
}

# Whether the host is started by systemd. Others would be misled by its folders in /run, and have adapters of their own.
overlayroot_has_systemd() {
    local path=${init:-/sbin/init}
    case $(readlink "$root$path" || echo "$path") in */systemd) ;; *) return 1 ;; esac
}

# A unit of the running system $1, which $2 wants, as standard input says: in /run, so that nothing is left on the host.
overlayroot_unit() {
    local units=/run/systemd/system
    mkdir -p "$units/$2.wants" && cat >"$units/$1" && ln -s "../$1" "$units/$2.wants/$1"
}

# The running system deletes what a reset has moved aside, in its own time.
overlayroot_empty_trash() {
    local trash=$store/trash
    [ -n "$store" ] && overlayroot_has_systemd || return 0
    set -- "$trash"/*
    [ -e "$1" ] || return 0
    overlayroot_background trash "Delete what resets of the root union have moved aside" "/usr/bin/find $trash -xdev -mindepth 1 -delete"
}

# The running system reads what has no checksum yet, in its own time: what a shutdown or a boot has made, nobody waited for.
overlayroot_note_checksums() {
    [ -n "$store" ] && overlayroot_lacks_checksums || return 0
    overlayroot_background checksums "Note the checksums of new layers of the root union" "/usr/local/lib/overlayroot/halt.sh checksums"
}

# The command $3 once the host is up, with what nobody else needs of it, as the unit overlayroot-$1. Others than systemd are
# not asked for it: a process goes along into the root, and waits there until the host should be up.
overlayroot_background() {
    overlayroot_has_systemd || { overlayroot_later "$3" & return 0; }
    overlayroot_unit "overlayroot-$1.service" multi-user.target <<UNIT
[Unit]
Description=$2
ConditionPathIsMountPoint=$OVERLAYROOT_RUN/data

[Service]
Type=exec
Nice=19
IOSchedulingClass=idle
ExecStart=$3
UNIT
}

overlayroot_later() {
    exec chroot "$root" sh -c "sleep 30; exec nice -n 19 $1" </dev/null >/dev/null 2>&1
}

# In the store of the root, or of another union that the host has declared.
overlayroot_lacks_checksums() {
    local name upper top targets=$OVERLAYROOT_RUN/base/etc/overlayroot/targets
    ! overlayroot_lacks_checksum "$store" || return 0
    [ -f "$targets" ] || return 1
    while read -r name upper top; do
        ! overlayroot_lacks_checksum "$(printf '%b' "$top")" || return 0
    done <"$targets"
    return 1
}

overlayroot_lacks_checksum() {
    local layer record
    for layer in "$1/layers"/*; do
        [ -f "$layer.json" ] || continue
        read -r record <"$layer.json" || :
        case $record in *'"sha256"'*) ;; *) return 0 ;; esac
    done
    return 1
}

# After all else has ended, since what starts first stops last: what users write is saved, or a root that a program
# serves is left. systemd stops all programs for a moment, and would wait for its own root for ever.
overlayroot_arm() {
    local verb description
    if ! overlayroot_has_systemd; then
        [ "$backend" != unionfs_fuse ] || overlayroot_spare @unionfs
        return
    fi
    case $backend,$persistence in
        unionfs_fuse,*) verb=base description="Leave the root union when the host goes down" ;;
        *,session) verb=leave description="Save the session of the root union when the host goes down" ;;
        *) return 0 ;;
    esac
    overlayroot_unit overlayroot-shutdown.service sysinit.target <<UNIT
[Unit]
Description=$description
DefaultDependencies=no
Before=sysinit.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/usr/local/lib/overlayroot/halt.sh $verb
StandardOutput=journal+console
StandardError=journal+console
TimeoutStopSec=infinity
UNIT
}

# What ends all processes when the host goes down is to spare the one with the name $1. killall5 stops it for a moment all the
# same, and looks at the root meanwhile: each would wait for the other for ever.
overlayroot_spare() {
    local process name
    for process in "$OVERLAYROOT_PROCESSES"/[0-9]*; do
        # It may be gone by now.
        { read -r name <"$process/comm"; } 2>/dev/null && [ "$name" = "$1" ] || continue
        process=${process##*/}
        mkdir -p "$OVERLAYROOT_SPARED" && echo "$process" >"$OVERLAYROOT_SPARED/overlayroot" &&
            overlayroot_by_command "$OVERLAYROOT_RUN/base" '' keep-awake "$process" && return
        break
    done
    overlayroot_fail "the process $1 cannot be spared when the host goes down"
}

# What the last shutdown needed in order to save, and what it did not end.
overlayroot_clear_shutdown() {
    [ -d "$store/shutdown" ] || [ -d "$store/transit" ] || return 0
    overlayroot_make_aside && overlayroot_move "$store" "$aside" shutdown transit
}

# ---- the whole ----

overlayroot_record() {
    printf '%s\n' "protected=$1" "reason=$reason" "backend=${backend:-$conf_backend}" "persistence=$persistence" \
        "generation=$generation" "layers=$layers" "on_failure=$conf_on_failure" >"$OVERLAYROOT_PUBLIC/boot"
}

# Undoes whatever a failed boot has mounted, in reverse; the root is where it was.
overlayroot_undo() {
    local base=$OVERLAYROOT_RUN/base
    ! overlayroot_is_mounted "$root/etc/fstab" || umount "$root/etc/fstab"
    if overlayroot_is_mounted "$base"; then
        ! overlayroot_is_mounted "$root/usr" || umount "$root/usr"
        ! overlayroot_is_mounted "$root" || umount "$root"
        mount -n -o move "$base" "$root"
    fi
    overlayroot_restore_root
    ! overlayroot_is_mounted "$OVERLAYROOT_RUN/lower" || umount "$OVERLAYROOT_RUN/lower"
    ! overlayroot_is_mounted "$OVERLAYROOT_RUN/rw" || umount "$OVERLAYROOT_RUN/rw"
    overlayroot_release_image
    ! overlayroot_is_mounted "$OVERLAYROOT_RUN/data" || umount "$OVERLAYROOT_RUN/data"
}

overlayroot_union() {
    overlayroot_check_conf &&
        overlayroot_go_on_mkfs &&
        overlayroot_mount_data &&
        overlayroot_read_next "$(overlayroot_next_file)" || return
    if [ "$ask_mode" = off ]; then
        # Where a shutdown has left it so: it could not be asked for again.
        [ -z "$ask_save" ] || overlayroot_save "$ask_save" || :
        overlayroot_use_up_next
        reason="boot/next asked for mode=off"
        return 1
    fi
    policies=$root/etc/overlayroot/mounts
    overlayroot_choose_backend || return
    [ "$ask_mkfs" != yes ] || overlayroot_mkfs || return
    [ -z "$ask_save" ] || overlayroot_save "$ask_save" || return
    [ "$ask_reset" != yes ] || overlayroot_reset || return
    [ -z "$ask_rollback" ] || overlayroot_rollback "$ask_rollback" ||
        overlayroot_say "generation $ask_rollback is not gone back to: $reason"
    reason=''
    overlayroot_use_up_next &&
        overlayroot_choose_generation &&
        { modprobe -q overlay || :; } &&
        overlayroot_make_uppers &&
        overlayroot_mount_root &&
        policies=$OVERLAYROOT_RUN/base/etc/overlayroot/mounts fstab=$OVERLAYROOT_RUN/base/etc/fstab &&
        overlayroot_mount_usr &&
        overlayroot_bind_fstab &&
        overlayroot_clear_shutdown &&
        overlayroot_arm &&
        overlayroot_empty_trash &&
        overlayroot_note_checksums
}

# Makes the root mounted at $1 a union as its own /etc/overlayroot/boot.conf asks. Returns 0 when the
# boot may go on, with or without the union, and the boot record says which.
overlayroot_boot() {
    root=$1 store='' loop='' layers=0 generation=0 persistence='' backend='' instead='' reason=''
    ask_mode='' ask_reset='' ask_discard='' ask_generation='' ask_save='' ask_rollback='' ask_keep='' ask_mkfs=''
    [ -f "$root/etc/overlayroot/boot.conf" ] || return 0
    mkdir -p "$OVERLAYROOT_PUBLIC" "$OVERLAYROOT_RUN/base" "$OVERLAYROOT_RUN/rw"
    root_access=$(overlayroot_access "$root")
    overlayroot_read_cmdline
    overlayroot_read_conf "$root/etc/overlayroot/boot.conf"
    if [ "$ask_mode" = off ]; then
        reason="overlayroot.mode=off on the kernel command line"
        overlayroot_record no
        return 0
    fi
    if [ -z "$reason" ] && overlayroot_union; then
        reason=$instead
        overlayroot_record yes
        return 0
    fi
    overlayroot_undo
    overlayroot_record no
    [ "$ask_mode" != off ] || return 0
    [ "$conf_on_failure" = open ] || return 1
    overlayroot_say "going on WITHOUT the union: $reason"
}
