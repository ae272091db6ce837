# ---------------------------------------------------------------- memory that nginx keeps over a reload

# nginx hands shared memory on to the next config where kind, name and size are the same, and gives the reload up where
# its use is not (ngx_init_cycle, and what limit_req, limit_conn, caches and sticky call to take it over). Another size is
# another zone, which begins empty. `nginx -t` knows nothing of what runs. The zone of an upstream never stands in the way.
zones_fit() {
    [ -n "$running" ] && [ "$home/releases/$running" != "$place" ] || return 0
    find_zones "$place"
    [ -n "$zones" ] || return 0
    wanted=$zones
    find_zones "$home/releases/$running"
    while read -r kind zone bytes use; do
        case "$newline$zones" in *"$newline$kind $zone $bytes "*) ;; *) continue ;; esac
        before=${zones#*"$kind $zone $bytes "} before=${before%%"$newline"*}
        [ "$before" != "$use" ] || continue
        find_line "zone=$zone:"
        code=zone-kept complaint="$at: zone \"$zone\" of $bytes bytes ($kind) is for $use, and for $before in the release that runs: nginx keeps a zone over a reload, and refuses the reload for that"
        hint='give it another name or another size, then it begins empty; to keep both, apply once without it first'
        return 1
    done <<END
$wanted
END
}

# Sets zones: of the config files in this folder, a line each: the directive, the name, the bytes, and what it is for. Only
# what is certain; the trial finds the rest.
find_zones() {
    zones='' upstream=''
    found=$(grep -lE '(limit_(req|conn)_zone|_cache_path|sticky)([[:space:]]|$)' "$1"/*.conf 2>/dev/null)
    [ -n "$found" ] || return 0
    IFS=$newline
    set -f
    # shellcheck disable=SC2086  # paths, one a line
    set -- $found
    set +f
    IFS=$words
    while read -r directive rest; do
        case $directive in
            upstream) upstream=${rest%% *} ;;
            limit_*_zone | *_cache_path) add_zone "$directive" "$rest" ;;
            sticky) case $rest in learn\ *) add_zone "$directive" "\"upstream $upstream\" ${rest#* }" ;; esac ;;
        esac
    done <<END
$(cat "$@" | one_a_line)
END
}

# Config on stdin to directives on stdout, one a line, with one blank between words and before the ; or { at the end;
# without comments.
one_a_line() {
    sed -n -E -e 'H;$!d;x' \
        -e 's/("([^"\\]|\\.)*"|'"'([^'\\\\]|\\\\.)*'"'|([^;{}"'"'"'#\[:space:]]|\\.)([^;{}\[:space:]]|\\.|\$\{[^}]*\})*)|#[^\n]*|([;{}])|[[:space:]]+/\1 \6\n/g' \
        -e 's/ \n/ /g; s/ +/ /g; s/\n /\n/g; s/^ //; s/\n$//; p'
}

# add_zone DIRECTIVE WORDS: what it is for comes first.
add_zone() {
    use=$2 zone='' bytes='' levels=''
    case $use in
        \"*) use=${use#\"} use=${use%%\"*} ;;
        \'*) use=${use#\'} use=${use%%\'*} ;;
        *) use=${use%% *} ;;
    esac
    set -f
    for parameter in $2; do
        case $parameter in
            zone=*:* | keys_zone=*:*) zone=${parameter#*=} bytes=${zone#*:} zone=${zone%%:*} ;;
            levels=*) levels=" $parameter" ;;
        esac
    done
    set +f
    case $bytes in
        *[kK]) bytes=${bytes%?} unit=1024 ;;
        *[mM]) bytes=${bytes%?} unit=1048576 ;;
        *) unit=1 ;;
    esac
    # a number that begins with 0 is octal to a shell
    case $bytes in '' | 0* | *[!0-9]* | ????????????*) return 0 ;; esac
    case $1 in
        *_cache_path)
            case $use in /*) ;; *) use=${m_prefix:-$prefix}/$use ;; esac
            use=${use%/}$levels
            ;;
    esac
    zones="$zones$1 $zone $((bytes * unit)) $use$newline"
}

# Sets at: file and line where a release has this text.
find_line() {
    at=$(grep -nF -e "$1" /dev/null "$place"/*.conf | head -n 1)
    at=${at#"$place"/} && at=${at%%:*}:${at#*:} && at=${at%"${at#*:*:}"} && at=${at%:}
}
