# ---------------------------------------------------------------- test: out of place, before anything that serves is touched

test_took=0 # hundredths of a second that nginx -T took: a reload takes as long

tested() {
    # a twin that was there has passed when it came, and nobody serves it now
    case " $arrived " in *" $sent_twin "*) passes "$sent_twin" || return ;; esac
    passes "$target"
}

# nginx -T of a release in a mirror of the conf folder: relative includes resolve beside the file given with -c, so the
# loader finds the candidate there while the live tree stays as it is. Sets reads, and code, complaint and hint.
passes() {
    place=$home/releases/$1
    case " $arrived " in *" $1 "*) [ ! -d "$incoming/$1" ] || place=$incoming/$1 ;; esac
    code=rejected hint=''
    make_mirror || { unwritable || return; }
    put_off
    clock
    began=$now
    nginx_dump
    clock
    test_took=$((now - began))
    [ "$status" -eq 0 ] || { explain_test "$1" && return 1; }
    [ ! -e "$place/release.inc" ] || case $newline$reads$newline in
        *"$newline$mirror/nginxgen/live/release.inc$newline"*) ;;
        *)
            code=not-included complaint="nginx does not read $loader"
            hint="include ${loader%/*}/*.conf in the http block of $conf$(or_elsewhere)"
            return 1
            ;;
    esac
}

# Links to all that is in the conf folder, and the candidate in place of what is live.
make_mirror() {
    [ -n "$mirrored" ] || mirror_folder || return
    attempt ln -sfn "$place" "$mirror/nginxgen/live"
}

# The links stay, as there is hardly ever another file in that folder. One that leads elsewhere, or nowhere, goes.
mirror_folder() {
    [ -d "$mirror/nginxgen" ] || attempt mkdir -p "$mirror/nginxgen" || return
    for link in "$mirror"/* "$mirror"/.[!.]*; do
        entry=$conf_dir/${link##*/}
        [ "$link" -ef "$entry" ] || [ ! -L "$link" ] || attempt rm -f "$link" || return
    done
    set --
    for entry in "$conf_dir"/* "$conf_dir"/.[!.]*; do
        [ "$entry" = "$home" ] || [ ! -e "$entry" ] || [ -L "$mirror/${entry##*/}" ] || set -- "$@" "$entry"
    done
    [ $# -eq 0 ] || attempt ln -s "$@" "$mirror/" || return
    mirrored=yes
}

# Sets status, and reads: the paths of all files that nginx has read, one a line. Where it fails, complaint is what it says.
nginx_dump() {
    set -- -T -q -c "$mirror/${conf##*/}"
    [ -z "$m_prefix" ] || set -- "$@" -p "$m_prefix/"
    [ -z "$m_error" ] || set -- "$@" -e "$m_error"
    [ -z "$m_globals" ] || set -- "$@" -g "$m_globals"
    # KILL, because nginx that waits for a name server does not heed TERM
    status=0
    attempt timeout -s KILL "$test_limit" "$nginx" "$@" >"$incoming/dump" 9>&- || status=$?
    reads=$(sed -n 's/^# configuration file \(.*\):$/\1/p' "$incoming/dump")
}

# Sets complaint and hint about a release that was refused, with the paths that a person knows.
explain_test() {
    report=$complaint
    complaint=$(printf '%s' "$report" | grep -v -e 'test failed$' -e '^$' |
        sed "s|$mirror/nginxgen/live/|$home/releases/$1/|g; s|$mirror/|$conf_dir/|g" | head -n 5)
    case "$status $report" in
        '124 '* | '137 '* | '143 '*)
            complaint="nginx -t did not end within $test_limit s; $complaint" hint='is there a name that does not resolve?'
            ;;
        *"/gen-"*".log\" failed (2: "*)
            code=no-log-dir hint='set log_dir of this host in the inventory to the folder where nginx writes its logs'
            ;;
        *' directive is not allowed here in '"$mirror/nginxgen/live/"*)
            # Alpine, say, includes conf.d outside of http {}
            included_folders | grep -qxF "$include" && return
            code=not-included complaint="nginx reads $loader outside of http {}"
            hint="include ${loader%/*}/*.conf in the http block of $conf$(or_elsewhere)"
            ;;
    esac
}

# Prints the folders beside the main file from which it includes all files in http {}, one a line.
included_folders() {
    sed -n -e '/^[[:space:]]*http[[:space:]]*{/,$!d' \
        -e "s/^[[:space:]]*include[[:space:]]\{1,\}[\"']\{0,1\}\([^;\"'*]*\)\/\*\(\.conf\)\{0,1\}[\"']\{0,1\}[[:space:]]*;.*/\1/p" "$conf" |
        sed -e "s|^$conf_dir/||" -e '/^\//d'
}

or_elsewhere() {
    folders=$(included_folders | grep -vxF "$include" | tr '\n' ' ')
    [ -z "$folders" ] || printf ', or set include_dir of this host to what is included there: %s' "${folders% }"
}

# ---------------------------------------------------------------- what nginx -t does not catch

# The binary in memory will read the release, and another one would test it.
fits_binary() {
    find_master || { code=not-running complaint=$why hint='start nginx on this host first' && return 1; }
    find_replaced
    [ -n "$replaced" ] || [ ! -e "$pid_file.oldbin" ] || replaced='an upgrade of nginx (USR2) is under way'
    [ -z "$replaced" ] || { code=binary-replaced complaint=$replaced hint='restart nginx, or finish its upgrade, then apply again' && return 1; }
}

fitted='' # which release was asked this, beside which other

fits_host() { nothing_unloaded && fits_running && room_for_workers && fitted="$target beside $running"; }

# Ports and memory are looked into only where this release has other lines about them than the one that runs.
fits_running() {
    set -- "$place"/*.conf "$mirror/nginxgen/between"
    [ "$running" != "$live" ] || set -- "$@" "$home/releases/$live"/*.conf
    printf 'listen between\n' >"$mirror/nginxgen/between"
    asks=$(grep -hE "$telling" "$@" 2>/dev/null)
    had=${asks#*'listen between'} asks=${asks%%'listen between'*}
    [ "$asks" = "${had#"$newline"}${had:+"$newline"}" ] || ports_free || return
    # a directive may go on in lines that say nothing
    case $asks in *_zone* | *_cache_path* | *sticky*) zones_fit ;; esac
}
telling='(^|[;{}[:space:]])listen[[:space:]]|(limit_(req|conn)_zone|_cache_path|sticky)([[:space:]]|$)'

# A reload reads everything. Where somebody has changed the host's own config and nginx has not loaded that yet, an apply
# would, unasked; and where that stops workers from starting (worker_connections beyond the memory, say), nothing that
# we could bring back would help: the old config is in no file any more.
nothing_unloaded() {
    find_children
    [ "$children" = "$looked_at" ] || find_workers
    [ -n "$workers" ] || return 0
    host_files
    # a heartbeat that was just written tells what time it is
    put_off
    find_age
    changed=''
    IFS=$newline
    set -f
    # shellcheck disable=SC2046,SC2086  # paths of a config, split at ends of lines
    set -- $(stat -L -c '%Z %n' "$run/beat.$$" $read_files 2>/dev/null)$newline${read_links:+$(stat -c '%Z %n' $read_links 2>/dev/null)}
    set +f
    IFS=$words
    today=${1%% *} && shift
    for file in "$@"; do
        since=$((today - ${file%% *} + 1)) # ctime is in whole seconds
        [ $since -ge $age ] || [ $since -lt 0 ] || { changed=${file#* } && break; }
    done
    [ -z "$changed" ] || {
        code=unloaded-changes complaint="$changed was changed after nginx last loaded it: this apply would load that as well"
        hint='reload nginx first, so that what runs is what is on the disk'
        return 1
    }
}

# Sets read_files: the files that nginx reads and that are not ours, by the names they have in the live tree, one a line;
# and read_links, those of them that are links.
host_files() {
    read_files='' read_links='' IFS=$newline
    set -f
    for file in $reads; do
        case $file in
            "$mirror/nginxgen/"*) continue ;;
            "$mirror/"*) file=$conf_dir/${file#"$mirror/"} ;;
        esac
        [ "$file" != "$loader" ] || continue
        read_files="$read_files$file$newline"
        [ ! -L "$file" ] || read_links="$read_links$file$newline"
    done
    set +f
    IFS=$words
}

# A port that another process has: nginx would try for two and a half seconds, and give up. Only what is certain is
# refused here (IPv4, and [::]); the trial finds the rest.
ports_free() {
    sockets=''
    new_addresses
    for address in $addresses; do
        listen_pattern "$address" || continue
        # of the kernel's table only the head is read: listening sockets come first
        for inode in $(sed -n -E -e 1d -e '/^ *[0-9]+: [0-9A-F:]+ [0-9A-F:]+ 0A /!q' \
            -e "s/^ *[0-9]+: $pattern [0-9A-F:]+ 0A [^ ]+ [^ ]+ [^ ]+ +[0-9]+ +[0-9]+ ([0-9]+) .*/\2/p" "/proc/$master/net/$table" 2>/dev/null); do
            [ -n "$sockets" ] || sockets=" $(ls -l "/proc/$master/fd" | sed -n 's/.*socket:\[\([0-9]*\)\]$/\1/p' | tr '\n' ' ')"
            case $sockets in *" $inode "*) continue 2 ;; esac # nginx has it, and will keep it
            find_holder "$inode"
            code=port-held complaint="$address is in use by $holder" hint='end it, or listen elsewhere'
            return 1
        done
    done
}

# Sets addresses: where this release listens, and the one that runs does not.
new_addresses() {
    addresses='' had=' ' seen=''
    # what is in quotes or behind a # is no directive; one that is spread over lines is left to the trial
    lines=$(
        { [ "$running" != "$live" ] || listens "$home/releases/$live"/*.conf; printf 'ours\n' && listens "$place"/*.conf; } |
            sed -n -E -e 's/"([^"\\]|\\.)*"//g' -e "s/'([^'\\\\]|\\\\.)*'//g" -e 's/(^|[[:space:];{}])#.*//' \
                -e 's/[;{}]/\n/g' -e '/^ours$/p; /listen/p'
    )
    IFS=$newline
    set -f
    for line in $lines; do
        IFS=$words
        # shellcheck disable=SC2086  # words of a line
        set -- $line
        case "$seen $* " in
            ' ours ') seen=ours ;;
            ours\ listen\ *) case "$had" in *" $2 "*) continue ;; esac
                case "$* " in *' reuseport '*) ;; *) had="$had$2 " addresses="$addresses $2" ;; esac ;;
            ' listen '*) had="$had$2 " ;;
        esac
    done
    set +f
    IFS=$words
}

listens() { grep -hE '(^|[;{}[:space:]])listen[[:space:]]' "$@" /dev/null 2>/dev/null; }

# A reload starts as many workers as there are, and old ones stay as long as a client holds one: a host where they pile up
# has no memory for another set. Asked only where there are old ones, and never on the way back.
room_for_workers() {
    [ "$draining" -gt 0 ] || return 0
    needed=0
    for worker in $workers; do
        kilobytes "/proc/$worker/status" RssAnon: && needed=$((needed + size))
    done
    kilobytes /proc/meminfo MemAvailable: && [ "$size" -lt "$needed" ] || return 0
    code=old-workers complaint="$draining old workers still serve clients, and with $size kB of memory left there is no room for new ones ($needed kB)"
    hint='wait until their clients are gone, or end them; worker_shutdown_timeout limits how long they stay'
    return 1
}

# Sets size: what a file of /proc says of this name, in kB.
kilobytes() {
    while read -r name size _; do [ "$name" != "$2" ] || return 0; done <"$1"
    return 1
} 2>/dev/null

# Sets table and pattern: the lines of the kernel's table whose listeners stand in the way of this address.
listen_pattern() {
    table=tcp any='[0-9A-F]{8}'
    case $1 in
        '[::]:'*) table=tcp6 pattern='0{32}' ;;
        *[!0-9.:*]*) return 1 ;; # a name, another IPv6 address, a unix socket
        *.*.*.*) pattern=${1%:*} ;;
        *) pattern=$any ;;
    esac
    case $1 in *:*) port=${1##*:} ;; *.*) port=80 ;; *) port=$1 ;; esac
    case $port in '' | *[!0-9]*) return 1 ;; esac
    case $pattern in
        0.0.0.0) pattern=$any ;;
        *.*) pattern="$(kernel_address "$pattern")|0{8}" ;;
    esac
    # the group ends before the port, which follows every address
    pattern="($pattern):$(printf '%04X' "$port")"
}

# The last number first: the kernel prints addresses as the machine stores them.
kernel_address() {
    IFS=.
    # shellcheck disable=SC2086  # its four numbers
    set -- $1
    printf '%02X%02X%02X%02X' "$4" "$3" "$2" "$1"
}

# Sets holder: who has this socket, for a message.
find_holder() {
    holder=$(ls -l /proc/[0-9]*/fd 2>/dev/null | sed -n -e '\|^/proc/|h' -e "/socket:\\[$1\\]\$/{
        g
        s|^/proc/\\([0-9]*\\)/fd:.*|\\1|p
        q
    }")
    command=''
    [ -z "$holder" ] || { read -r command <"/proc/$holder/comm"; } 2>/dev/null
    holder=${holder:+"$command (pid $holder)"}
    holder=${holder:-another process}
}
