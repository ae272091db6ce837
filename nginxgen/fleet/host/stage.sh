# ---------------------------------------------------------------- stage: the release gets to its place

arrived='' # releases that came and wait for their test; one that is in its place has passed it
staged=''  # releases that this session has put in their places
first=''   # set while our loader and the empty release are new on this host
mended=''  # what stood where we have put the loader anew: a copy, or "nothing"

stage() {
    bytes=$1 blocks=$2 target=$3 sent_twin=$4 sent_empty=$5
    incoming=$home/releases/.in.$$
    arrived='' staged='' first='' mended=''
    if receive && unpack && fits_binary && ready_loader && tested && fits_host && keep_all; then
        rm -rf "$incoming"
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

# Read the archive from stdin, whole, whatever becomes of it: the next word comes behind it.
receive() {
    complaint=$( (mkdir -p "$home/releases" && rm -rf "$home"/releases/.in.* && mkdir "$incoming") 2>&1) || {
        drain "$blocks"
        unwritable || return
    }
    {
        exec 9>&-
        dd bs=4096 count="$blocks" iflag=fullblock
    } 2>/dev/null | {
        exec 9>&-
        head -c "$bytes" >"$incoming/tar.gz"
        cat >/dev/null
    } 2>/dev/null
    complaint="the release did not arrive whole in $incoming: is the disk full?"
    [ "$(wc -c <"$incoming/tar.gz")" -eq "$bytes" ] || unwritable
}

drain() { dd bs=4096 count="$1" iflag=fullblock 2>/dev/null | cat >/dev/null; }

unpack() {
    only_plain_files || { broken 'the archive holds something else than plain files' || return; }
    complaint=$(tar -xzof "$incoming/tar.gz" -C "$incoming" 2>&1) || { unwritable || return; }
    rm -f "$incoming/tar.gz"
    live_release
    set -- "$sent_twin" "$target"
    [ -n "$live" ] || set -- "$sent_empty" "$@" # it is for the first time only
    for part in "$@"; do
        [ "$part" = - ] || whole "$part" || return
    done
}

# Names of one folder (an id) and one file, regular files only: nothing can land outside, and no link can lead there.
only_plain_files() {
    contents=$(gzip -dc "$incoming/tar.gz" 2>/dev/null | tar -tvf - 2>/dev/null) || return
    [ -n "$contents" ] || return
    if printf '%s\n' "$contents" | grep -Eqv '^-[^>]* [0-9a-f]{12}/[A-Za-z0-9][A-Za-z0-9._-]*$'; then return 1; fi
    case $contents in *' link to '*) return 1 ;; esac
}

# Is this release as it was written? One that is on the host already, and as it should be, has not arrived.
whole() {
    is_id "$1" || { broken "a release cannot be called $1" || return; }
    edits=$(edited_files "$incoming/$1")
    [ -z "$edits" ] || { broken "release $1 did not arrive whole: $edits" || return; }
    [ -d "$home/releases/$1" ] && [ -z "$(edited_files "$home/releases/$1")" ] || arrived="$arrived $1"
}

keep_all() {
    for part in $arrived; do keep "$part" || return; done
}

# A release that has passed its test gets to its place.
keep() {
    fresh=$incoming/$1 place=$home/releases/$1
    [ -d "$fresh" ] || return 0 # it is there already
    if [ -d "$place" ]; then mend "$1" && return || { unwritable || return; }; fi
    staged="$staged $1"
    complaint=$( (chmod 755 "$fresh" && chmod 644 "$fresh"/* && durable "$fresh"/* "$fresh" && mv "$fresh" "$place" &&
        durable "$home/releases") 2>&1) || unwritable
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
        complaint=$(put "$loader_text" "$loader" 2>&1) || unwritable
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
        hint='set nginx.include_dir of this host in the inventory'
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
    settle_live_at "$sent_empty" && complaint=$(put "$loader_text" "$loader" 2>&1) || { unwritable || return; }
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
    rm -rf "$home"/releases/.in.* "$home"/.to-* "$run/test"
    for part in $staged; do
        rm -rf "${home:?}/releases/$part" "$log/gen-$part.log"
    done
    rmdir "$home/releases" "$home" 2>/dev/null
    arrived='' staged='' first='' mended=''
}
