# ---------------------------------------------------------------- releases on disk

is_id() { case $1 in *[!0-9a-f]* | '') return 1 ;; *) [ ${#1} -eq 12 ] ;; esac }

has_release() { is_id "$1" && [ -d "$home/releases/$1" ]; }

# Sets live: the release that a boot serves.
live_release() {
    live=''
    [ -L "$home/live" ] || return 0
    live=$(readlink "$home/live") && live=${live#releases/}
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

# Make the link that would make this release live, so that going there is one rename and needs no room on the disk.
# (ln -sfn is not atomic everywhere; a link in a fresh folder and a rename is.)
ready_link() {
    [ -L "$home/.to-$1/live" ] || { rm -rf "$home/.to-$1" && mkdir "$home/.to-$1" && ln -s "releases/$1" "$home/.to-$1/live"; }
}

# Make a release live, unless it is. complaint says why not.
point_live_at() {
    live_release
    [ "$live" = "$1" ] && return 0
    has_release "$1" || { complaint="there is no release $1 on this host" && return 1; }
    complaint=$( (ready_link "$1" && mv -f "$home/.to-$1/live" "$home/" && rmdir "$home/.to-$1") 2>&1) || return 1
    live=$1
}

# The same, and it is on the disk: a boot serves it from now on.
settle_live_at() { point_live_at "$1" && complaint=$(durable "$home" 2>&1); }

# Prints the files in this folder that are not as they were written, in one line; nothing where all is well.
edited_files() {
    (
        cd "$1" 2>/dev/null || { printf 'the whole release is missing' && exit; }
        sha256sum -c SHA256SUMS >/dev/null 2>&1 || {
            sha256sum -c SHA256SUMS 2>/dev/null | sed -n 's/: FAILED.*//p' | tr '\n' ' '
            [ -s SHA256SUMS ] || printf 'SHA256SUMS '
        }
        listed=' SHA256SUMS '
        while read -r _ file; do listed="$listed$file "; done <SHA256SUMS
        for file in * .[!.]*; do
            [ ! -e "$file" ] || case $listed in *" $file "*) ;; *) printf '%s ' "$file" ;; esac
        done
    ) 2>/dev/null
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
# running one, and those of old workers, also where their master is gone.
prune() {
    set -- "$home"/releases/*
    [ $# -gt "$keep" ] || return 0
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
