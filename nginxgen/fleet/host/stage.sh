# ---------------------------------------------------------------- stage: the release gets to its place

incoming='' # the folder where an archive is opened, as long as it is there
arrived=''  # releases that came and wait for their test; one that is in its place has passed it
staged=''   # releases that this session has put in their places
first=''    # set while our loader and the empty release are new on this host
mended=''   # what stood where we have put the loader anew: a copy, or "nothing"

stage() {
    blocks=$2 target=$3 sent_twin=$4 sent_empty=$5
    incoming=$home/releases/.in.$$ mirror=$run/test mirrored=''
    arrived='' staged='' first='' mended=''
    if receive && unpack && fits_binary && ready_loader && tested && fits_host && keep_all; then
        ok stage ",\"first\":${first:-false}"
    else
        unstage
        no stage "$code" "$complaint" "$hint"
    fi
}

# For `command || unwritable`, with what the system said in complaint.
unwritable() {
    code=cannot-write complaint="cannot write on this host: $complaint"
    hint='free space, connect as a user who may write, or set become: sudo'
    return 1
}

broken() { code=bad-archive complaint=$1 hint='' && return 1; }

# Read the archive from stdin, whole, whatever becomes of it: the next word comes behind it. gzip ignores the zeros that
# fill the last block.
receive() {
    [ ! -e "$incoming" ] || rm -rf "$incoming"
    attempt mkdir -p "$incoming" || {
        drain "$blocks"
        unwritable || return
    }
    # what dd says must come whole: of "N+0 records in", which tell how much is still on its way where the disk is full
    complaint=$(exec 9>&- && dd bs=4096 count="$blocks" iflag=fullblock of="$incoming/tar.gz" 2>&1) || {
        came=${complaint%%'+'*} came=${came##*[!0-9]}
        drain $((blocks - came))
        complaint=${complaint%%"$newline"*} && unwritable || return
    }
    attempt gzip -dc "$incoming/tar.gz" >"$incoming/tar" 9>&- && return
    complaint=${complaint#"$newline"} # gzip begins with an empty line
    case $complaint in
        *'rite error'* | *' space '* | *uota* | *ead-only* | *nput/output*) unwritable ;;
        *) broken "the archive can't be read: $complaint" ;;
    esac
}

drain() { [ "$1" -eq 0 ] || dd bs=4096 count="$1" iflag=fullblock of=/dev/null 2>/dev/null; }

unpack() {
    only_plain_files || { broken 'the archive holds something else than plain files' || return; }
    attempt tar -xof "$incoming/tar" -C "$incoming" || { unwritable || return; }
    live_release
    set -- "$sent_twin" "$target"
    [ -n "$live" ] || set -- "$sent_empty" "$@" # it is for the first time only
    sent='' every_sum=''
    for part in "$@"; do
        [ "$part" = - ] || expect "$part" || return
    done
    as_summed "$every_sum" && return
    arrived=''
    for part in $sent; do whole "$part" || return; done
}

# Names of one folder (an id) and one file, regular files only: nothing can land outside, and no link can lead there.
# Sets modes where they are not those that a release has.
only_plain_files() {
    contents=$(tar -tvf "$incoming/tar" 2>/dev/null) && [ -n "$contents" ] || return
    case $contents in *' link to '*) return 1 ;; esac
    modes='' IFS=$newline
    set -f
    # shellcheck disable=SC2086  # lines
    set -- $contents
    set +f
    IFS=$words
    for entry in "$@"; do
        file=${entry##* } && folder=${file%%/*} file=${file#*/}
        case $entry in *\>*) return 1 ;; -rw-r--r--\ *\ *) ;; -*\ *\ *) modes=odd ;; *) return 1 ;; esac
        case $file in [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) return 1 ;; esac
        is_id "$folder" || return
    done
}

# Expect a release in the archive, or in its place, where one is that claims to be the same: then it has not arrived.
expect() {
    is_id "$1" || { broken "a release cannot be called $1" || return; }
    read_sums "$incoming/$1"
    [ -n "$sums" ] && [ -z "$unlisted" ] || { broken "release $1 did not arrive whole: ${unlisted:-SHA256SUMS}" || return; }
    sent="$sent $1" came=$sums
    if [ -d "$home/releases/$1" ] && read_sums "$home/releases/$1" && [ "$sums$unlisted" = "$came" ]; then
        add_sums "$home/releases/$1"
    else
        sums=$came arrived="$arrived $1"
        borrow "$1" || return
        add_sums "$incoming/$1"
    fi
    every_sum=$every_sum$placed
}

# What an archive leaves out of a release is taken from the live one. Whether it is the same shows with the sums.
borrow() {
    into=$incoming/$1 IFS=$newline
    set --
    set -f
    for file in $sums; do
        file=${file#*  }
        [ -e "$into/$file" ] || set -- "$@" "$file"
    done
    set +f
    IFS=$words
    [ $# -gt 0 ] || return 0
    for file in "$@"; do
        shift
        case $file in [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) broken "a file cannot be called $file" || return ;; esac
        [ -n "$live" ] && [ -f "$home/releases/$live/$file" ] || { broken "$file is neither sent nor there" || return; }
        set -- "$@" "$home/releases/$live/$file"
    done
    modes=odd # as they are there
    attempt cp "$@" "$into/" || unwritable
}

# Is this release as it was written? One that is on the host already, and as it should be, has not arrived.
whole() {
    find_edits "$incoming/$1"
    [ -z "$edits" ] || { broken "release $1 did not arrive whole: $edits" || return; }
    [ -d "$home/releases/$1" ] && find_edits "$home/releases/$1" && [ -z "$edits" ] || arrived="$arrived $1"
}

# shellcheck disable=SC2086  # ids
keep_all() { keep $arrived; }

# Releases that have passed their test get to their places. They reach the disk with the transaction: until then nothing
# leads there, and whoever finds one that a power cut has left half asks its sums.
keep() {
    to_keep=''
    for part in "$@"; do
        place=$home/releases/$part fresh=$incoming/$part
        if [ ! -d "$fresh" ]; then # it is there already
            continue
        elif [ -d "$place" ]; then
            mend "$part" || unwritable || return
        else
            to_keep="$to_keep $part"
        fi
    done
    [ -n "$to_keep" ] || return 0
    staged="$staged$to_keep"
    set --
    for part in $to_keep; do
        [ -z "$modes" ] || { attempt chmod 755 "$incoming/$part" && attempt chmod 644 "$incoming/$part"/*; } || unwritable || return
        set -- "$@" "$incoming/$part"
    done
    attempt mv "$@" "$home/releases/" || unwritable
}

# One that is there and was edited is put right file by file, because its folder may be live and must not go away. What
# somebody has written there is kept in the state folder.
mend() {
    complaint=$( (mkdir -p "$state/edited" && cp -R "$place" "$state/edited/$1-$(date -u +%Y%m%dT%H%M%SZ)") 2>&1) || return
    for file in "$place"/* "$place"/.[!.]*; do
        [ ! -e "$file" ] || [ -e "$fresh/${file##*/}" ] || rm -rf "$file"
    done
    complaint=$( (chmod 644 "$fresh"/* && mv -f "$fresh"/* "$place/" && durable "$place"/* "$place") 2>&1)
}

# ---------------------------------------------------------------- the loader

# Our loader has to be there before a candidate can be tested through it.
ready_loader() {
    if [ -z "$live" ]; then
        install_loader
    elif [ ! -e "$loader" ]; then
        mended=nothing
        attempt put "$loader_text" "$loader" || unwritable
    elif loader_edited; then
        mended=$incoming/loader
        complaint=$( (cp "$loader" "$mended" && mkdir -p "$state/edited" &&
            cp "$loader" "$state/edited/${loader##*/}-$(date -u +%Y%m%dT%H%M%SZ)" &&
            put "$loader_text" "$loader") 2>&1) || unwritable
    fi
}

# The first time: an empty release goes live, which changes nothing that nginx serves.
install_loader() {
    [ "$sent_empty" != - ] || { code=bad-order complaint='no empty release was sent' hint='' && return 1; }
    [ -d "${loader%/*}" ] || {
        code=not-included complaint="there is no folder ${loader%/*} for the loader"
        hint="make it, and include ${loader%/*}/*.conf in the http block of $conf$(or_elsewhere)"
        return 1
    }
    passes "$sent_empty" || {
        # then it is not our release that must be mended
        [ "$code" != rejected ] || complaint="the config on this host is broken before any change: $complaint" \
            hint='mend it until nginx -t passes'
        return 1
    }
    first=true
    keep "$sent_empty" || return
    place=$home/releases/$sent_empty
    attempt durable "$home/releases" "$place" "$place"/* && settle_live_at "$sent_empty" && attempt put "$loader_text" "$loader" || { unwritable || return; }
    passes "$sent_empty"
}

# Take back what this session has added, so that a change that was refused leaves the tree as it was.
unstage() {
    if [ -n "$first" ]; then
        rm -rf "$loader" "$loader.new.$$" "$home/live"
    elif [ "$mended" = nothing ]; then
        rm -f "$loader"
    elif [ -n "$mended" ]; then
        mv -f "$mended" "$loader"
    fi
    tidy
    for part in $staged; do
        rm -rf "${home:?}/releases/$part" "$log/gen-$part.log"
    done
    [ -L "$home/live" ] || rmdir "$home/.to" "$home/releases" "$home" 2>/dev/null
    arrived='' staged='' first='' mended=''
}
