#!/bin/sh
# nginxgen's half on a host. It reads one word a line on stdin and answers each with one JSON line on stdout.
# Needs POSIX sh, coreutils (or busybox), sed, grep, tar, gzip, nginx and Linux's /proc; flock and setsid where present.
#
#   observe                        what is live, running and previous; changes nothing
#   show ID                        a release's files, as base64 of tar.gz
#   journal N                      the newest N journal lines, raw, after the answer
#   begin NOTE                     take the lock, finish or undo what an earlier session left open; NOTE is JSON
#   stage BYTES BLOCKS ID TWIN EMPTY   BLOCKS*4096 bytes follow, the first BYTES are tar.gz; "-" for no TWIN or EMPTY
#   trial TXN ID LIVE RUNNING      serve ID from memory while the disk keeps the old release; "-" for none
#   commit | abort                 make it live on disk, or bring the old release back
#   beat                           still here: put the dead-man off
#
# Whatever ends this script (end of input, a signal, kill -9, a reboot) leaves the host on its old release:
# the disk holds the old one all through a trial, and the dead-man or the next session puts memory right.

set -u
umask 022
LC_ALL=C
export LC_ALL
trap '' HUP PIPE

nginx=/usr/sbin/nginx conf=/etc/nginx/nginx.conf include=conf.d
state=/var/lib/nginxgen run=/run/nginxgen log=/var/log/nginx
keep=10 patience=10 deadman=60 role=session session=''
for setting in "$@"; do
    case $setting in
        nginx=*) nginx=${setting#*=} ;;
        conf=*) conf=${setting#*=} ;;
        include=*) include=${setting#*=} ;;
        state=*) state=${setting#*=} ;;
        run=*) run=${setting#*=} ;;
        log=*) log=${setting#*=} ;;
        keep=*) keep=${setting#*=} ;;
        patience=*) patience=${setting#*=} ;;
        deadman=*) deadman=${setting#*=} ;;
        role=*) role=${setting#*=} ;;
        session=*) session=${setting#*=} ;;
    esac
done
conf_dir=${conf%/*}
home=$conf_dir/nginxgen
case $include in /*) loader=$include/00-nginxgen.conf ;; *) loader=$conf_dir/$include/00-nginxgen.conf ;; esac
loader_text='# Written once by nginxgen. The sentinel is named in full, so that a dangling link fails nginx -t.
include nginxgen/live/sentinel;
include nginxgen/live/*.conf;'

# ---------------------------------------------------------------- answers

# A JSON string, quotes included, of the arguments.
json() {
    case "$*" in
        *[!A-Za-z0-9_.,:\;/@=+\ -]*)
            printf '"%s"' "$(printf '%s' "$*" | head -c 4000 | tr '\n\t\r' '   ' | tr -d '\000-\037\177' |
                sed 's/\\/\\\\/g; s/"/\\"/g')"
            ;;
        *) printf '"%s"' "$*" ;;
    esac
}

# A release id as JSON: null where there is none.
json_id() {
    if [ -n "$1" ]; then printf '"%s"' "$1"; else printf null; fi
}

# ok STEP [,MORE-MEMBERS]
ok() { printf '{"step":"%s","ok":true%s}\n' "$1" "${2:-}"; }

# no STEP CODE MESSAGE [HINT]: nothing was changed, or it was put back, as the code says.
no() {
    printf '{"step":"%s","ok":false,"code":"%s","message":%s,"hint":%s}\n' \
        "$1" "$2" "$(json "$3")" "$(if [ -n "${4:-}" ]; then json "$4"; else printf null; fi)"
}

is_id() { case $1 in *[!0-9a-f]* | '') return 1 ;; *) [ ${#1} -eq 12 ] ;; esac }

has_release() { is_id "$1" && [ -d "$home/releases/$1" ]; }

# ---------------------------------------------------------------- small effects

nap() { sleep "$1" 2>/dev/null || sleep 1; } # some sleeps know whole seconds only

# Flush these paths to disk; a sync that takes no names flushes everything.
durable() { sync "$@" 2>/dev/null || sync; }

# Replace a file in one rename: put TEXT PATH
put() {
    printf '%s\n' "$1" >"$2.new.$$" && durable "$2.new.$$" && mv -f "$2.new.$$" "$2"
}

# ln -sfn is not atomic everywhere; a link in a fresh folder and a rename is.
point_live_at() {
    [ "$(live_release)" = "$1" ] && return 0
    rm -rf "$home/.flip" && mkdir "$home/.flip" && ln -s "releases/$1" "$home/.flip/live" &&
        mv -f "$home/.flip/live" "$home/" && rmdir "$home/.flip" && durable "$home" && [ "$(live_release)" = "$1" ]
}

# ---------------------------------------------------------------- reading the host

live_release() {
    link=$(readlink "$home/live" 2>/dev/null) || return 0
    printf '%s' "${link#releases/}"
}

previous_release() { cat "$state/previous" 2>/dev/null; }

# What the master holds open when ID runs: its id, or nothing for a release without services.
proof_of() { if [ -e "$home/releases/$1/release.inc" ]; then printf '%s' "$1"; fi; }

# The releases whose log a process holds open, one a line.
releases_open_in() {
    # shellcheck disable=SC2012  # one ls reads a thousand links in the time of one readlink
    ls -l "/proc/$1/fd" 2>/dev/null | sed -n 's|.*/gen-\([0-9a-f]\{12\}\)\.log\( (deleted)\)\{0,1\}$|\1|p' | sort -u
}

title_of() {
    title=''
    { IFS= read -r title <"/proc/$1/cmdline"; } 2>/dev/null || [ -n "$title" ]
}

# Sets master and what its command line says, or returns 1 with `why` and `code`.
find_master() {
    master=''
    [ -r "$conf" ] || { code=no-conf why="cannot read $conf" && return 1; }
    [ -x "$nginx" ] || { code=no-binary why="there is no nginx at $nginx" && return 1; }
    built=$("$nginx" -V 2>&1) || { code=no-binary why="$nginx -V fails: $built" && return 1; }
    version=$(printf '%s' "$built" | sed -n 's/^nginx version: //p')
    prefix=$(printf '%s' "$built" | tr ' ' '\n' | sed -n 's/^--prefix=//p')
    pid_file=$(sed -n 's/^[[:space:]]*pid[[:space:]]\{1,\}["'\'']\{0,1\}\([^;"'\''[:space:]]*\)["'\'']\{0,1\}[[:space:]]*;.*/\1/p' "$conf" | head -n 1)
    [ -n "$pid_file" ] || pid_file=$(printf '%s' "$built" | tr ' ' '\n' | sed -n 's/^--pid-path=//p')
    case $pid_file in
        /*) is_our_master "$pid_file" && return 0 ;;
        *)
            # relative to the prefix, which only the master's own command line tells: try the likely ones
            for base in "$prefix" "$conf_dir" "${conf_dir%/*}"; do
                is_our_master "${base%/}/$pid_file" && return 0
            done
            ;;
    esac
    return 1
}

# Is the pid in this file an nginx master that reads our main file? Sets master, or code and why.
is_our_master() {
    pid=''
    { read -r pid <"$1"; } 2>/dev/null
    code=not-running
    case $pid in '' | *[!0-9]*) why="nginx is not running (no pid in $1)" && return 1 ;; esac
    title_of "$pid" || { why="nginx is not running (the pid $pid in $1 is gone)" && return 1; }
    case $title in
        'nginx: master process '*) ;;
        *) why="nginx is not running (the pid $pid in $1 is another process)" && return 1 ;;
    esac
    read_command_line "${title#nginx: master process }"
    running_conf=${m_conf:-$(printf '%s' "$built" | tr ' ' '\n' | sed -n 's/^--conf-path=//p')}
    case $running_conf in /*) ;; *) running_conf=${m_prefix:-$prefix}/$running_conf ;; esac
    if [ "$(readlink -f "$running_conf")" != "$(readlink -f "$conf")" ]; then
        code=other-conf why="the running nginx reads $running_conf, not $conf" && return 1
    fi
    ls "/proc/$pid/fd" >/dev/null 2>&1 || {
        code=no-permission why="not allowed to look at the nginx master (pid $pid)" && return 1
    }
    master=$pid
}

# Split a master's title into the options nginx was started with; -g takes words up to the next option.
read_command_line() {
    m_prefix='' m_conf='' m_error='' m_globals=''
    set -f
    # shellcheck disable=SC2086  # the title is one string; its words are what we want
    set -- $1
    set +f
    [ $# -gt 0 ] && shift
    into=''
    for word in "$@"; do
        case $word in
            -c | -p | -e | -g) into=${word#-} && continue ;;
            -c?*) into='' m_conf=${word#-c} && continue ;;
            -p?*) into='' m_prefix=${word#-p} && continue ;;
            -e?*) into='' m_error=${word#-e} && continue ;;
            -g?*) into=g word=${word#-g} ;;
        esac
        case $into in
            c) m_conf=$word into='' ;;
            p) m_prefix=$word into='' ;;
            e) m_error=$word into='' ;;
            g) m_globals="$m_globals${m_globals:+ }$word" ;;
        esac
    done
}

# The master's workers that take new connections, in one line.
workers() {
    children=''
    if [ -r "/proc/$master/task/$master/children" ]; then
        read -r children <"/proc/$master/task/$master/children" || :
    else
        # ppid is the second field after the name, and a name may hold anything but is closed by the last ")"
        children=$(sed -n "s/^\([0-9]*\) (.*) [A-Za-z] $master .*/\1/p" /proc/[0-9]*/stat 2>/dev/null)
    fi
    found=''
    for child in $children; do
        title_of "$child" || continue
        case $title in
            *'is shutting down'*) ;;
            'nginx: worker process'*) found="$found${found:+ }$child" ;;
        esac
    done
    printf '%s' "$found"
}

# Which release runs: read until the master holds one log only, which it does unless it is in mid-reload.
running_release() {
    [ -n "$master" ] || return 0
    tries=0
    while :; do
        open=$(releases_open_in "$master")
        case $open in *"
"*) ;; *) break ;; esac
        tries=$((tries + 1))
        [ $tries -lt 60 ] || break
        nap 0.05
    done
    if [ -z "$open" ]; then
        now=$(live_release)
        [ -n "$now" ] && [ -z "$(proof_of "$now")" ] && open=$now
    fi
    printf '%s' "$open" | tail -n 1
}

# The files of a release that are not as they were written, in one line; nothing where all is well.
edited_files() {
    (
        cd "$home/releases/$1" 2>/dev/null || { printf 'the whole release is missing' && exit; }
        sha256sum -c SHA256SUMS 2>/dev/null | sed -n 's/: FAILED.*//p' | tr '\n' ' '
        [ -s SHA256SUMS ] || printf 'SHA256SUMS '
        for file in * .[!.]*; do
            [ -e "$file" ] || continue
            [ "$file" = SHA256SUMS ] || grep -qF "  $file" SHA256SUMS 2>/dev/null || printf '%s ' "$file"
        done
    )
}

manifest_of() {
    text=''
    [ -n "$1" ] && { IFS= read -r text <"$home/releases/$1/manifest.json"; } 2>/dev/null
    case $text in '{'*'}') printf '%s' "$text" ;; *) printf null ;; esac
}

open_transactions() {
    for entry in "$state"/txn/*.open "$state"/txn/*.undo "$state"/txn/*.commit; do
        [ -d "$entry" ] && printf '%s\n' "$entry"
    done
}

drift() {
    separator=''
    one() { printf '%s[%s,%s]' "$separator" "$(json "$1")" "$(json "$2")" && separator=,; }
    [ -n "$master" ] || one nginx-stopped "$why"
    if [ -n "$live" ]; then
        edits=$(edited_files "$live")
        [ -z "$edits" ] || one edited "changed by hand in $home/releases/$live: $edits"
        if [ ! -e "$loader" ]; then
            one loader-missing "$loader is gone: nginx would start without our services"
        elif [ "$(cat "$loader" 2>/dev/null)" != "$loader_text" ]; then
            one loader-edited "$loader is not as it was written"
        fi
        [ -z "$master" ] || [ "$running" = "$live" ] ||
            one not-running-live "nginx runs ${running:-nothing of ours}, a boot would serve $live"
    fi
    [ -z "$master" ] || case $(readlink "/proc/$master/exe" 2>/dev/null) in
        *' (deleted)') one binary-replaced "nginx on disk was replaced since the master started" ;;
    esac
    pending=$(open_transactions)
    [ -z "$pending" ] || one open-transaction "an apply is under way or was cut off (${pending##*/})"
}

# The members of a state, for the answers to observe and begin.
describe() {
    live=$(live_release) running=$(running_release) previous=$(previous_release)
    # shellcheck disable=SC2012  # names are twelve hex digits; the order by time is what ls is for
    kept=$(cd "$home/releases" 2>/dev/null && ls -1t | sed -n 's/^[0-9a-f]\{12\}$/"&"/p' | tr '\n' ,)
    now_working=''
    [ -z "$master" ] || now_working=$(workers | tr ' ' ,)
    printf ',"live":%s,"running":%s,"previous":%s,"manifest":%s,"previous_manifest":%s' \
        "$(json_id "$live")" "$(json_id "$running")" "$(json_id "$previous")" "$(manifest_of "$live")" "$(manifest_of "$previous")"
    printf ',"drift":[%s],"version":%s,"master":%s,"workers":[%s],"releases":[%s]' \
        "$(drift)" "$(json "${version:-}")" "${master:-null}" "$now_working" "${kept%,}"
}

# Can go on without a master (for status), but not without knowing which nginx it is.
look() {
    find_master && return 0
    [ "$code" = not-running ] && return 0
    hint=''
    case $code in
        no-binary) hint='set nginx.binary of this host in the inventory' ;;
        no-conf | other-conf) hint='set nginx.conf of this host in the inventory to the file that nginx reads' ;;
        no-permission) hint='connect as the user that runs nginx, or set become: sudo' ;;
    esac
    no "$1" "$code" "$why" "$hint"
    return 1
}

observe() { look observe && ok observe "$(describe)"; }

show() {
    has_release "$1" || { no show missing "there is no release $1 on this host"; return; }
    ok show ",\"archive\":\"$(cd "$home/releases/$1" && tar -cf - . | gzip -c | base64 | tr -d '\n')\""
}

journal() {
    case $1 in '' | *[!0-9]*) set -- 20 ;; esac
    if [ -d "$state" ] && [ ! -x "$state" ]; then
        no journal no-permission "not allowed to read $state" 'connect as the user that applies, or set become: sudo'
        return
    fi
    lines=$(tail -n "$1" "$state/journal.jsonl" 2>/dev/null | grep -c '')
    ok journal ",\"lines\":$lines"
    tail -n "$1" "$state/journal.jsonl" 2>/dev/null
}

# ---------------------------------------------------------------- lock and dead-man

locked=''
begin() {
    look begin || return
    [ -n "$master" ] || { no begin not-running "$why" 'start nginx on this host first'; return; }
    complaint=$(mkdir -p "$run" "$state/txn" 2>&1 && chmod 700 "$state" 2>&1 &&
        : 2>&1 >>"$run/lock" && : 2>&1 >>"$state/journal.jsonl") ||
        { no begin cannot-write "cannot write on this host: $complaint" 'connect as a user who may, or set become: sudo'; return; }
    take_lock || return
    note=$1
    printf '%s\n' "$note" >"$run/lock"
    arm
    recovered=''
    recover || return
    ok begin ",\"recovered\":$(json_id "$recovered")$(describe)"
}

take_lock() {
    if command -v flock >/dev/null 2>&1; then
        exec 9>>"$run/lock"
        # a session that was just told to go may need a moment
        for wait in 0.1 0.2 0.3 0.4 0.5 ''; do
            flock -n 9 && break
            [ -n "$wait" ] || { say_locked; exec 9>&-; return 1; }
            nap $wait
        done
    else
        # a folder made by a process that is gone, or before this boot, is nobody's
        owner=''
        [ -r "$run/lock.d/owner" ] && read -r owner <"$run/lock.d/owner"
        [ -z "$owner" ] || [ "$(identity "${owner%% *}")" = "$owner" ] || rm -rf "$run/lock.d"
        mkdir "$run/lock.d" 2>/dev/null || { say_locked; return 1; }
        identity $$ >"$run/lock.d/owner"
    fi
    locked=yes
}

# A process by pid, the tick it started at, and the boot it belongs to.
identity() {
    started=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20)
    [ -z "$started" ] || printf '%s %s %s\n' "$1" "$started" "$(cat /proc/sys/kernel/random/boot_id)"
}

say_locked() {
    owner=''
    { IFS= read -r owner <"$run/lock"; } 2>/dev/null
    case $owner in '{'*'}') ;; *) owner=null ;; esac
    printf '{"step":"begin","ok":false,"code":"locked","message":"another nginxgen is at work","hint":null,"owner":%s}\n' "$owner"
}

release_lock() {
    [ -n "$locked" ] || return 0
    disarm
    : >"$run/lock"
    exec 9>&-
    rm -rf "$run/lock.d"
    locked=''
}

put_off() { printf '%s\n' $(($(date +%s) + deadman)) >"$run/deadline.$$"; }

# The dead-man outlives this script and its connection: past the deadline it undoes an open transaction and ends a
# session that nobody talks to any more, so that its lock is free.
timer=''
arm() {
    rm -f "$run"/deadline.*
    put_off
    printf '%s\n' "$NGINXGEN_SCRIPT" >"$run/host.sh"
    launcher=''
    command -v setsid >/dev/null 2>&1 && launcher=setsid
    $launcher sh "$run/host.sh" "nginx=$nginx" "conf=$conf" "include=$include" "state=$state" "run=$run" "log=$log" \
        "keep=$keep" "patience=$patience" role=deadman "session=$$" </dev/null >/dev/null 2>&1 9>&- &
    timer=$!
}

disarm() {
    rm -f "$run/deadline.$$"
    [ -n "$timer" ] || return 0
    # its own process group where setsid made one
    kill -- "-$timer" 2>/dev/null || kill "$timer" 2>/dev/null
    wait "$timer" 2>/dev/null
    timer=''
}

# What the dead-man does.
watch() {
    was=$(identity "$session")
    while :; do
        { read -r deadline <"$run/deadline.$session"; } 2>/dev/null || exit 0
        left=$((deadline - $(date +%s)))
        [ $left -gt 0 ] || break
        sleep $left
    done
    if [ -n "$was" ] && [ "$(identity "$session")" = "$was" ]; then
        # it hangs and has the lock: nobody else is at work, and the open transaction is its own
        find_master || :
        recover
        kill -9 "$session"
    elif [ -n "$(open_transactions)" ] && take_lock; then
        # it died and its lock is free: whoever takes it next recovers, and that is us
        find_master || :
        recover
        release_lock
    fi >/dev/null
    rm -f "$run/deadline.$session"
    exit 0
}

# ---------------------------------------------------------------- stage and test

staged='' # releases this session has added
first=''  # set while our loader is new on this host

stage() {
    bytes=$1 blocks=$2 target=$3 twin=$4 empty=$5
    incoming=$home/releases/.in.$$ code=cannot-write hint='free space, or make the folder writable for this user'
    if receive && unpack && ready_first && tested; then
        ok stage ",\"first\":${first:-false}"
    else
        unstage
        no stage "$code" "$complaint" "$hint"
    fi
}

# Read the archive from stdin, whole, whatever becomes of it: the next word comes behind it.
receive() {
    complaint=$( (mkdir -p "$home/releases" && rm -rf "$home"/releases/.in.* && mkdir "$incoming") 2>&1) ||
        { drain "$blocks"; complaint="cannot write on this host: $complaint"; return 1; }
    dd bs=4096 count="$blocks" iflag=fullblock 2>/dev/null | {
        head -c "$bytes" >"$incoming/tar.gz"
        cat >/dev/null
    } 2>/dev/null
    [ "$(wc -c <"$incoming/tar.gz")" -eq "$bytes" ] ||
        { complaint="the release did not arrive whole in $incoming: is the disk full?"; return 1; }
}

unpack() {
    only_plain_files || { code=bad-archive complaint='the archive holds something else than plain files'; return 1; }
    complaint=$(tar -xzf "$incoming/tar.gz" -C "$incoming" 2>&1) ||
        { complaint="cannot write on this host: $complaint"; return 1; }
    for id in $empty $twin $target; do
        [ "$id" = - ] || keep_release "$id" || { complaint="release $id: ${complaint:-did not arrive whole}"; return 1; }
    done
    rm -rf "$incoming"
}

# Our loader has to be there before a candidate can be tested through it.
ready_first() {
    if [ -z "$(live_release)" ]; then
        [ "$empty" != - ] || { code=bad-order complaint='no empty release was sent'; return 1; }
        install_loader "$empty"
    elif [ ! -e "$loader" ] || [ "$(cat "$loader")" != "$loader_text" ]; then
        complaint=$(put "$loader_text" "$loader" 2>&1)
    fi
}

tested() {
    for id in $twin $target; do
        [ "$id" = - ] || passes "$id" || return 1
    done
}

drain() { dd bs=4096 count="$1" iflag=fullblock >/dev/null 2>&1; }

# Names of one folder (an id) and one file, regular files only: nothing can land outside.
only_plain_files() {
    list=$(gzip -dc "$incoming/tar.gz" 2>/dev/null | tar -tvf - 2>/dev/null) || return 1
    [ -n "$list" ] || return 1
    if printf '%s\n' "$list" | grep -qv '^-'; then return 1; fi
    if gzip -dc "$incoming/tar.gz" | tar -tf - | grep -Eqv '^[0-9a-f]{12}/[A-Za-z0-9][A-Za-z0-9._-]*$'; then return 1; fi
}

# Move an extracted release to its place. One that is there already is kept, or mended file by file where it was edited:
# it may be live, so its folder never goes away.
keep_release() {
    is_id "$1" || return 1
    fresh=$incoming/$1 place=$home/releases/$1
    complaint=$(cd "$fresh" 2>&1 && sha256sum -c SHA256SUMS 2>&1 >/dev/null) || return 1
    if [ ! -d "$place" ]; then
        chmod 755 "$fresh" && durable "$fresh"/* "$fresh" && mv "$fresh" "$place" && durable "$home/releases" || return 1
        staged="$staged $1"
        return
    fi
    [ -n "$(edited_files "$1")" ] || return 0
    mkdir -p "$state/edited" && cp -R "$place" "$state/edited/$1.$(date +%Y%m%dT%H%M%S)" || return 1
    for file in "$place"/* "$place"/.[!.]*; do
        [ ! -e "$file" ] || [ -e "$fresh/${file##*/}" ] || rm -rf "$file"
    done
    mv -f "$fresh"/* "$place"/ && durable "$place"/* "$place"
}

# The first time: an empty release goes live, which changes nothing that nginx serves.
install_loader() {
    [ -d "${loader%/*}" ] || {
        complaint="there is no folder ${loader%/*} for the loader" hint='set nginx.include_dir of this host in the inventory'
        return 1
    }
    # nginx's config may be broken without us: then it is not our loader that must be mended
    passes "$1" || {
        complaint="the config on this host is broken before any change: $complaint" hint="mend it until nginx -t passes"
        return 1
    }
    first=true
    complaint=$( (point_live_at "$1" && put "$loader_text" "$loader") 2>&1) || { complaint="cannot write on this host: $complaint"; return 1; }
    passes "$1"
}

# Take back what this session has added, so that a change that was refused leaves the tree as it was.
unstage() {
    rm -rf "$home"/releases/.in.* "$run/test"
    if [ -n "$first" ]; then
        rm -f "$loader" && rm -rf "$home/live"
    fi
    for id in $staged; do
        rm -rf "${home:?}/releases/$id"
        rm -f "$log/gen-$id.log"
    done
    rmdir "$home/releases" "$home" 2>/dev/null
    staged='' first=''
}

# nginx -t of a release in a mirror of the conf folder: relative includes resolve beside the file given with -c, so the
# loader finds the candidate there while the live tree stays as it is. Sets code, complaint and hint.
passes() {
    mirror=$run/test
    code=rejected hint=''
    complaint=$( (rm -rf "$mirror" && mkdir -p "$mirror/nginxgen" && ln -s "$home/releases/$1" "$mirror/nginxgen/live") 2>&1) ||
        { code=cannot-write && return 1; }
    for entry in "$conf_dir"/* "$conf_dir"/.[!.]*; do
        [ "$entry" = "$home" ] || [ ! -e "$entry" ] || ln -s "$entry" "$mirror/" || return 1
    done
    known=''
    case " $(releases_open_in "$master" | tr '\n' ' ') " in *" $1 "*) known=yes ;; *) rm -f "$log/gen-$1.log" ;; esac
    set -- "$1" -t -q -c "$mirror/${conf##*/}"
    [ -z "$m_prefix" ] || set -- "$@" -p "$m_prefix"
    [ -z "$m_error" ] || set -- "$@" -e "$m_error"
    [ -z "$m_globals" ] || set -- "$@" -g "$m_globals"
    candidate=$1 && shift
    report=$(timeout 60 "$nginx" "$@" 2>&1)
    status=$?
    rm -rf "$mirror"
    if [ $status -ne 0 ]; then
        [ $status -ne 124 ] || report='nginx -t did not end within 60 s (a name that does not resolve?)'
        complaint=$(printf '%s' "$report" | grep -v 'test failed$' | sed "s|$mirror/nginxgen/live/|$home/releases/$candidate/|g; s|$mirror/|$conf_dir/|g" | head -n 5)
        return 1
    fi
    # -t creates the logs that a config names: a log that is not there shows that nothing led to our loader
    if [ -n "$(proof_of "$candidate")" ] && [ -z "$known" ]; then
        [ -e "$log/gen-$candidate.log" ] || {
            code=not-included complaint="nginx does not read $loader"
            hint="include ${loader%/*}/*.conf in the http block of $conf"
            return 1
        }
        rm -f "$log/gen-$candidate.log"
    fi
}

# ---------------------------------------------------------------- trial, commit, abort

txn='' # path of the open transaction, without its ending

trial() {
    [ -n "$locked" ] || { no trial bad-order 'begin comes first'; return; }
    [ -z "$txn" ] || { no trial bad-order 'a trial is open already'; return; }
    name=$1 new=$2 expected_live=${3#-} expected_running=${4#-}
    find_master || { no trial not-running "$why" 'start nginx on this host first'; return; }
    old=$(live_release) running=$(running_release)
    if [ -n "$first" ]; then
        # our own empty release stands where nothing was expected
        [ -z "$expected_live" ] && expected_live=$old
        [ -z "$expected_running" ] && expected_running=$running
    fi
    if [ "$old" != "$expected_live" ] || [ "$running" != "$expected_running" ]; then
        no trial moved "the host has ${old:-nothing} live and ${running:-nothing} running; the plan was made for ${expected_live:-nothing} and ${expected_running:-nothing}" 'plan again'
        return
    fi
    has_release "$new" || { no trial missing "there is no release $new on this host"; return; }
    txn=$state/txn/$name
    complaint=$( (rm -rf "$txn.new" && mkdir "$txn.new" && printf '%s\n' "$old" >"$txn.new/old" && printf '%s\n' "$new" >"$txn.new/new" &&
        printf '%s\n' "$note" >"$txn.new/note" && durable "$txn.new"/* "$txn.new" && mv "$txn.new" "$txn.open" && durable "$state/txn") 2>&1) || {
        rm -rf "$txn.new"
        txn=''
        no trial cannot-write "cannot write on this host: $complaint" 'free space on the state folder'
        return
    }
    put_off
    before=$(workers)
    complaint='the live link could not be moved'
    if ! { point_live_at "$new" && reload_until "$new" "$old" && point_live_at "$old" && stays_up; }; then
        undo trial trial-failed "$complaint"
        return
    fi
    put_off
    ok trial ",\"running\":\"$new\",\"workers\":[$(workers | tr ' ' ,)]"
}

# HUP the master and wait until it has committed to a release; complaint says why not. Once the master has opened the
# new log it has read every file: then the disk can go back to $2 at once.
reload_until() {
    wanted=$(proof_of "$1") back=${2:-}
    held=$(releases_open_in "$master")
    mark_log
    kill -HUP "$master" 2>/dev/null || { complaint='the nginx master is gone'; return 1; }
    waited=0
    while [ $waited -lt $((patience * 40)) ]; do
        open=$(releases_open_in "$master")
        case $open in
            "$wanted") [ -z "$(new_workers)" ] || return 0 ;;
            "$held") ;;
            *) [ -z "$back" ] || { point_live_at "$back" && back=''; } ;;
        esac
        [ -d "/proc/$master" ] || { complaint="the nginx master died: $(logged emerg)"; return 1; }
        # a port that is taken is tried five times with both logs open: only the old one and a complaint mean it gave up
        if log_grew && complaint=$(logged emerg) && [ -n "$complaint" ]; then
            [ "$(releases_open_in "$master")" != "$held" ] || [ "$held" = "$wanted" ] || return 1
        fi
        waited=$((waited + 1))
        nap 0.01
    done
    complaint="nginx did not take the new config within $patience s: $(logged emerg)"
    return 1
}

# Workers that were not there before the reload.
new_workers() {
    for worker in $(workers); do
        case " $before " in *" $worker "*) ;; *) printf '%s ' "$worker" ;; esac
    done
}

# New workers that die at once are the worst failure of a reload: nobody serves. 250 ms show it.
stays_up() {
    young=$(new_workers)
    nap 0.25
    complaint=$(logged 'emerg|alert')
    for worker in $young; do
        if title_of "$worker"; then
            [ -n "$complaint" ] || return 0
            complaint="nginx complained after the reload: $complaint"
            return 1
        fi
    done
    complaint="the new workers died: $complaint"
    return 1
}

# The master's error log, from where it stood before the reload.
mark_log() {
    error_log=$(readlink "/proc/$master/fd/2" 2>/dev/null) offset=0
    [ -f "$error_log" ] || { error_log='' && return 0; }
    offset=$(wc -c <"$error_log")
}

log_grew() { [ -n "$error_log" ] && [ "$(wc -c <"$error_log")" -ne "$offset" ]; }

# What the master has written there since, at these levels.
logged() {
    [ -n "$error_log" ] || return 0
    [ "$(wc -c <"$error_log")" -ge "$offset" ] || offset=0 # it was rotated
    tail -c "+$((offset + 1))" "$error_log" 2>/dev/null |
        grep -E "\[($1)\] $master#" | sed 's/^[^[]*\[[a-z]*\] [0-9#]*: //' | sort -u | head -n 3 | tr '\n' ' '
}

commit() {
    [ -n "$txn" ] || { no commit bad-order 'no trial is open'; return; }
    now=$(releases_open_in "$master")
    if [ "$now" != "$(proof_of "$new")" ] || [ "$(live_release)" != "$old" ]; then
        undo commit superseded "somebody else reloaded nginx or changed the live release during the trial"
        return
    fi
    # The commit point. The dead-man claims a transaction by the same rename, so only one of us can have it.
    mv "$txn.open" "$txn.commit" 2>/dev/null || { txn=''; no commit expired 'the dead-man has brought the old release back'; return; }
    durable "$state/txn"
    if finish "$txn.commit"; then
        txn='' staged='' first=''
        prune
        ok commit ",\"live\":\"$new\""
    else
        no commit needs-human "the commit could not be written: $complaint" "nginx runs $new, but a boot would serve $(live_release); free space and apply again"
        txn=''
    fi
}

# Carry a committed transaction through: what is on disk, and what runs, are the new release.
finish() {
    old=$(cat "$1/old") new=$(cat "$1/new")
    complaint=$( (point_live_at "$new" && put "$old" "$state/previous") 2>&1) || return 1
    if [ -n "$master" ] && [ "$(releases_open_in "$master")" != "$(proof_of "$new")" ]; then
        before=$(workers)
        reload_until "$new" || return 1
    fi
    record "$1" committed && rm -rf "$1"
}

record() {
    note=$(cat "$1/note")
    printf '{"at":"%s","from":%s,"to":%s,"result":"%s",%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        "$(json_id "$old")" "$(json_id "$new")" "$2" "${note#\{}" >>"$state/journal.jsonl" && durable "$state/journal.jsonl"
}

# undo STEP CODE MESSAGE: bring the old release back, prove it, and say so.
undo() {
    if ! mv "$txn.open" "$txn.undo" 2>/dev/null; then
        txn=''
        no "$1" expired 'the dead-man has brought the old release back'
        return
    fi
    if take_back "$txn.undo"; then
        txn=''
        unstage
        no "$1" "$2" "$3"
    else
        txn=''
        no "$1" needs-human "$3; and the old release $old could not be brought back: $complaint" \
            "look at the error log of nginx, then reload it; $conf is the old config"
    fi
}

# Memory and disk back on the old release of a transaction, proved.
take_back() {
    old=$(cat "$1/old") new=$(cat "$1/new")
    complaint=$(point_live_at "$old" 2>&1) || { complaint="$complaint (the live link)" && return 1; }
    if [ -n "$master" ]; then
        # where nginx never left the old config, and its workers are all there, there is nothing to reload
        if [ "$(releases_open_in "$master")" != "$(proof_of "$old")" ] || [ "$(workers)" != "${before:-unknown}" ]; then
            before=$(workers)
            reload_until "$old" || return 1
        fi
    fi
    record "$1" reverted && rm -rf "$1"
}

abort() {
    if [ -z "$txn" ]; then
        unstage
        ok abort
    elif mv "$txn.open" "$txn.undo" 2>/dev/null && take_back "$txn.undo"; then
        txn=''
        unstage
        ok abort ",\"running\":$(json_id "$old")"
    else
        txn=''
        no abort needs-human "the old release could not be brought back: ${complaint:-}" 'look at the error log of nginx, then reload it'
    fi
}

# What an earlier session left open, before anything else: a commit that was decided is finished, all else is undone.
recover() {
    for left in $(open_transactions); do
        base=${left%.*}
        case $left in
            *.commit) finish "$left" ;;
            *.open)
                mv "$left" "$base.undo" 2>/dev/null || continue # the dead-man was first
                before=''
                take_back "$base.undo"
                ;;
            *.undo)
                before=''
                take_back "$left"
                ;;
        esac || {
            no begin needs-human "an earlier apply was cut off and could not be put right: ${complaint:-}" 'look at the error log of nginx'
            release_lock
            return 1
        }
        recovered=${base##*/}
    done
    rm -rf "$state"/txn/*.new "$home"/releases/.in.*
}

# Keep the newest releases, and every one that is live, running, previous, their twins, or still in a living worker.
prune() {
    protected=" $(live_release) $(previous_release) "
    for id in $protected; do
        protected="$protected$(sed -n 's/.*"emergency":"\([0-9a-f]*\)".*/\1/p' "$home/releases/$id/manifest.json" 2>/dev/null) "
    done
    for process in $master $(cat "/proc/$master/task/$master/children" 2>/dev/null); do
        protected="$protected$(releases_open_in "$process" | tr '\n' ' ') "
    done
    seen=0
    # shellcheck disable=SC2012  # names are twelve hex digits; the order by time is what ls is for
    ls -1t "$home/releases" | while read -r id; do
        is_id "$id" || continue
        case $protected in *" $id "*) continue ;; esac
        seen=$((seen + 1))
        [ $seen -le $((2 * keep)) ] || { rm -rf "${home:?}/releases/$id" && rm -f "$log/gen-$id.log"; }
    done
}

# ---------------------------------------------------------------- the conversation

leave() {
    if [ -n "$txn" ]; then abort; elif [ -n "$staged$first" ]; then unstage; fi >/dev/null
    release_lock
    exit 0
}

if [ "$role" = deadman ]; then watch; fi

NGINXGEN_SCRIPT=${NGINXGEN_SCRIPT:-$(cat "$0")}
trap leave TERM INT
printf '{"step":"hello","ok":true,"protocol":1}\n'
while IFS= read -r line; do
    [ -z "$locked" ] || put_off
    set -f
    # shellcheck disable=SC2086  # words of a command line
    set -- $line
    set +f
    case ${1:-} in
        observe) observe ;;
        show) show "${2:-}" ;;
        journal) journal "${2:-20}" ;;
        begin) begin "${line#begin }" ;;
        stage) if [ -n "$locked" ]; then stage "$2" "$3" "$4" "$5" "$6"; else drain "$3"; no stage bad-order 'begin comes first'; fi ;;
        trial) trial "$2" "$3" "$4" "$5" ;;
        commit) commit ;;
        abort) abort ;;
        beat) ok beat ;;
        bye) leave ;;
        *) no "word" bad-word "no such word: ${1:-}" ;;
    esac
done
leave
