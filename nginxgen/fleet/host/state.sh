# ---------------------------------------------------------------- what a host says of itself

seen_live='' # what was live where the word before this one was `observe`: then it has looked into files and folders
seen_running='' seen_previous='' # and what ran then, and was the release to go back to

# Sets drift: how the host differs from what was committed, as members of a JSON list.
find_drift() {
    drift=''
    differs() { quote "$2" && drift="$drift${drift:+,}[\"$1\",$quoted]"; }
    [ -n "$master" ] || differs nginx-stopped "$why"
    [ -z "$pid_file_wrong" ] || differs no-pid-file "$pid_file_wrong"
    if [ -n "$live" ]; then
        [ "$live" = "$seen_live" ] || { find_edits "$home/releases/$live" && live_edits=$edits; }
        [ -z "$live_edits" ] || differs edited "changed by hand in $home/releases/$live: $live_edits"
        if [ ! -e "$loader" ]; then
            differs loader-missing "$loader is gone: nginx would start without our services"
        elif loader_edited; then
            differs loader-edited "$loader is not as it was written"
        fi
        [ -z "$master" ] || [ "$running" = "$live" ] ||
            differs not-running-live "nginx runs ${running:-nothing of ours}, a boot would serve $live"
    fi
    find_replaced
    [ -z "$replaced" ] || differs binary-replaced "$replaced"
    for left in "$state"/txn/*.open "$state"/txn/*.undo "$state"/txn/*.commit; do
        [ -e "$left" ] || continue
        if [ -n "$owner" ]; then cause='an apply is under way'; else cause='an apply was cut off; the next one puts it right first'; fi
        differs open-transaction "$cause (${left##*/})"
    done
}

loader_edited() {
    found=''
    # a file that lacks its last end of line counts as well
    while IFS= read -r piece || [ -n "$piece" ]; do found="$found${found:+$newline}$piece"; done <"$loader" 2>/dev/null
    [ "$found" != "$loader_text" ]
}

# Sets described: the members of a state, for the answers to observe and begin.
describe() {
    live_release
    find_running
    previous_release
    find_workers
    find_owner
    find_drift
    described=''
    for pair in "live $live" "running $running" "previous $previous"; do
        quote_id "${pair#* }"
        described="$described,\"${pair%% *}\":$quoted"
    done
    # a release's manifest never changes
    [ -n "$live" ] && [ "$live" = "$seen_live" ] && [ "$previous" = "$seen_previous" ] || {
        manifest_of "$live"
        live_manifest=$manifest
        manifest_of "$previous"
        previous_manifest=$manifest
    }
    described="$described,\"manifest\":$live_manifest"
    version=${built#*nginx version: }
    quote "${version%%"$newline"*}"
    described="$described,\"previous_manifest\":$previous_manifest,\"drift\":[$drift],\"version\":$quoted"
    find_modules
    list '"' "$modules"
    described="$described,\"built\":[$listed],\"master\":${master:-null}"
    list '' "$workers"
    described="$described,\"workers\":[$listed],\"draining\":$draining,\"lock\":${owner:-null}"
    [ -n "$live" ] && [ "$live" = "$seen_live" ] || list_releases
    list '"' "$releases"
    described="$described,\"releases\":[$listed]"
}

# Sets releases: their ids.
list_releases() {
    releases=''
    for kept in "$home"/releases/*; do
        ! is_id "${kept##*/}" || releases="$releases ${kept##*/}"
    done
}

# Sets modules: which modules nginx was built with or without, as ./configure had it.
find_modules() {
    modules=''
    set -f
    for option in ${built##*configure arguments:}; do
        case $option in
            *[!a-z0-9_=-]*) ;;
            --with-*_module | --with-*_module=dynamic | --without-*_module) modules="$modules $option" ;;
        esac
    done
    set +f
}

# list QUOTE WORDS sets listed: the words, with commas between them
list() {
    listed=''
    for item in $2; do listed="$listed${listed:+,}$1$item$1"; done
}

# Goes on without a master (a host whose nginx is stopped has a state, too), but not without knowing which nginx it is.
look() {
    find_master && return 0
    [ "$code" = not-running ] && return 0
    hint=''
    case $code in
        no-binary) hint="set nginx.binary of this host in the inventory$(masters_here)" ;;
        no-conf | other-conf) hint="set nginx.conf of this host in the inventory to the file that nginx reads$(masters_here)" ;;
        no-permission) hint='connect as the user that runs nginx, or set become: sudo' ;;
    esac
    no "$1" "$code" "$why" "$hint"
    return 1
}

observe() {
    look observe && describe || return
    seen_live=$live seen_running=$running seen_previous=$previous
    ok observe "$described"
}

forget_seen() { seen_live='' seen_running='' seen_previous=''; }

show() {
    has_release "$1" || { no show missing "there is no release $1 on this host" && return; }
    ok show ",\"archive\":\"$(cd "$home/releases/$1" && tar -cf - . | gzip -c | base64 | tr -d '\n')\""
}

# journal WORD N: of all lines, or of those that tell of a rollout
journal() {
    case $2 in '' | *[!0-9]*) set -- "$1" 20 ;; esac
    if [ -d "$state" ] && [ ! -x "$state" ]; then
        no "$1" no-permission "not allowed to read $state" 'connect as the user that applies, or set become: sudo'
        return
    fi
    if [ "$1" = notes ]; then
        lines=$(grep -F '"rollout":' "$state/journal.jsonl" 2>/dev/null | tail -n "$2")
    else
        lines=$(tail -n "$2" "$state/journal.jsonl" 2>/dev/null)
    fi
    if [ -z "$lines" ]; then ok "$1" ',"lines":0' && return; fi
    ok "$1" ",\"lines\":$(printf '%s\n' "$lines" | grep -c '')"
    printf '%s\n' "$lines"
}
