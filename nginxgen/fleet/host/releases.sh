# ---------------------------------------------------------------- releases on disk

is_id() { case $1 in *[!0-9a-f]* | '') return 1 ;; *) [ ${#1} -eq 12 ] ;; esac }

has_release() { is_id "$1" && [ -d "$home/releases/$1" ]; }

# Sets live: the release that a boot serves.
live_release() {
    live=''
    [ -L "$home/live" ] || return 0
    for live in "$home"/releases/*; do
        [ "$home/live" -ef "$live" ] && live=${live##*/} && return
    done
    live=$(readlink "$home/live") && live=${live#releases/} # it leads nowhere, or away
}

# Sets previous: the release that was live before.
previous_release() {
    previous=''
    { read -r previous <"$state/previous"; } 2>/dev/null
}

# Sets proof: what the master holds open when this release runs: its id, or nothing for a release without services.
proof_of() {
    proof=''
    [ ! -e "$home/releases/$1/release.inc" ] || proof=$1
}

# Make the links that would make these releases live, so that going there is one rename and needs no room on the disk.
# (ln -sfn is not atomic everywhere; a link elsewhere and a rename is. The links lead nowhere where they are made.)
ready_links() {
    for ready in "$@"; do
        shift
        set -- "$@" "releases/$ready"
    done
    { [ -d "$home/.to" ] || mkdir "$home/.to"; } && ln -sfn "$@" "$home/.to/"
}

# Make a release live, unless it is. complaint says why not.
point_live_at() {
    if [ -L "$home/live" ] && [ "$home/live" -ef "$home/releases/$1" ]; then live=$1 && return; fi
    has_release "$1" || { complaint="there is no release $1 on this host" && return 1; }
    [ -L "$home/.to/$1" ] || attempt ready_links "$1" || return 1
    mv -fT "$home/.to/$1" "$home/live" 2>/dev/null || attempt move_by_folder "$1" || return 1
    live=$1
}

# Where mv has no -T: a folder of its own keeps it from moving the link into what `live` leads to.
move_by_folder() {
    rm -rf "$home/.to/only" && mkdir "$home/.to/only" && mv "$home/.to/$1" "$home/.to/only/live" && mv -f "$home/.to/only/live" "$home/"
}

# The same, and it is on the disk: a boot serves it from now on.
settle_live_at() { point_live_at "$1" && attempt durable "$home"; }

# Sets edits: the files in this folder that are not as they were written, in one line; empty where all is well.
find_edits() {
    edits=''
    read_sums "$1"
    add_sums "$1"
    as_summed "$placed" || edits=$(
        cd "$1" 2>/dev/null || { printf 'the whole release is missing' && exit; }
        sha256sum -c SHA256SUMS 2>/dev/null | sed -n 's/: FAILED.*//p' | tr '\n' ' '
        [ -s SHA256SUMS ] || printf 'SHA256SUMS '
    )
    edits=$edits$unlisted
}

# Sets sums, the lines of a release's SHA256SUMS, and unlisted, the files there that it does not name, in one line.
read_sums() {
    sums='' unlisted='' listed=' SHA256SUMS '
    { while read -r sum file; do sums="$sums$sum  $file$newline" listed="$listed$file "; done <"$1/SHA256SUMS"; } 2>/dev/null
    for file in "$1"/* "$1"/.[!.]*; do
        [ ! -e "$file" ] || case $listed in *" ${file##*/} "*) ;; *) unlisted="$unlisted${file##*/} " ;; esac
    done
}

# Sets placed: the sums that were read last, of the files in this folder.
add_sums() {
    placed='' IFS=$newline
    set -f
    for sum in $sums; do placed="$placed${sum%%  *}  $1/${sum#*  }$newline"; done
    set +f
    IFS=$words
}

# Are these files as their sums say? 1 also where there are none.
as_summed() {
    sha256sum -c - >/dev/null 2>&1 <<EOF
${1%"$newline"}
EOF
}

# Sets manifest: that of a release, as JSON.
manifest_of() {
    manifest=''
    [ -n "$1" ] && { IFS= read -r manifest <"$home/releases/$1/manifest.json"; } 2>/dev/null
    case $manifest in '{'*'}') ;; *) manifest=null ;; esac
}

# Sets twin: the release with every canary off that came with this one, or nothing.
twin_of() {
    manifest_of "$1"
    twin=''
    case $manifest in *'"emergency":"'*) twin=${manifest##*'"emergency":"'} twin=${twin%%'"'*} ;; esac
}

# Keep the newest releases and their twins, and whatever is live or previous or has a log open in any process: the
# running one, and those of old workers, also where their master is gone. It looks at every process of the machine, so it
# waits until there is twice as much as shall be kept.
prune() {
    set -- "$home"/releases/*
    [ $# -gt $((2 * keep)) ] || return 0
    live_release
    previous_release
    # one look at every nginx on the machine; at every process it would cost a busy machine a second
    set --
    for process in /proc/[0-9]*; do
        command=''
        { read -r command <"$process/comm"; } 2>/dev/null
        case $command in nginx* | "${nginx##*/}"*) set -- "$@" "$process/fd" ;; esac
    done
    wanted=' '
    [ $# -eq 0 ] || wanted=" $(ls -l "$@" 2>/dev/null | sed -n 's|.*/gen-\([0-9a-f]\{12\}\)\.log.*|\1|p' | sort -u | tr '\n' ' ')"
    for kept in "$live" "$previous"; do
        twin_of "$kept"
        wanted="$wanted$kept $twin "
    done
    twins=" $(sed -n 's/.*"emergency":"\([0-9a-f]*\)".*/\1/p' "$home"/releases/*/manifest.json 2>/dev/null | tr '\n' ' ')"
    count=0
    for kept in $(ls -1t "$home/releases"); do
        case $wanted$twins in *" $kept "*) continue ;; esac
        is_id "$kept" || continue
        count=$((count + 1))
        [ $count -le "$keep" ] || break
        twin_of "$kept"
        wanted="$wanted$kept $twin "
    done
    for kept in "$home"/releases/*; do
        kept=${kept##*/}
        is_id "$kept" || continue
        case $wanted in *" $kept "*) ;; *) rm -rf "${home:?}/releases/$kept" "$log/gen-$kept.log" ;; esac
    done
}
