# ---------------------------------------------------------------- lock and dead-man

locked='' # by this session, or by this dead-man

# take_lock: 1 where another session has it. It is an open file, which the kernel frees when its holder is gone, however
# it went. What may outlive a session that is killed (nginx -t, the dead-man, dd) must not have it: such subshells begin
# with `exec 9>&-`, because a redirection of a function or a group would only hide it.
take_lock() {
    if command -v flock >/dev/null 2>&1; then
        exec 9>>"$run/lock"
        flock -n 9 || { exec 9>&- && return 1; }
    else
        # A file named after its holder. Who sees another living one steps back: two at the same moment both do.
        born $$
        claim=$run/lock.$$-$tick
        printf '' >"$claim" || return
        for other in "$run"/lock.*-*; do
            if [ "$other" != "$claim" ] && holder_lives "${other##*/lock.}"; then rm -f "$claim" && return 1; fi
        done
    fi
    locked=yes
}

# Is there a process with this pid that started at this tick?
holder_lives() { born "${1%-*}" && [ "$tick" = "${1#*-}" ]; }

# Sets owner: the note of the session that has the lock, as JSON; empty where nobody has it.
find_owner() {
    owner=''
    if [ -n "$locked" ]; then
        owner=$note && return 0
    elif command -v flock >/dev/null 2>&1; then
        [ -s "$run/lock" ] || return 0 # who lets it go leaves no note
        if flock -n 9; then return 0; fi 9<"$run/lock"
    else
        for other in "$run"/lock.*-*; do holder_lives "${other##*/lock.}" && break; done || return 0
    fi
    { IFS= read -r owner <"$run/lock"; } 2>/dev/null
    case $owner in '{'*'}') ;; *) owner='{}' ;; esac
}

release_lock() {
    [ -n "$locked" ] || return 0
    disarm
    printf '' >"$run/lock"
    exec 9>&-
    [ -z "${claim:-}" ] || rm -f "$claim"
    locked=''
}

# A heartbeat: one more dot. No clock is asked, so that none can be set wrong, and nothing is started for it.
put_off() { printf . >>"$run/beat.$$"; }

# The dead-man outlives this script and its connection. It undoes an open transaction when the session is gone, and ends
# the session when nobody talks to it any more. A session of its own keeps it out of the reach of signals that are meant
# for ours, and a systemd scope out of logind's, which may kill all that a user leaves behind. It is these lines alone as
# long as there is nothing to do; then it becomes the whole script.
# shellcheck disable=SC2016  # it is for another shell
watching='
ticks() { { read -r stat <"/proc/$1/stat"; } 2>/dev/null && set -- ${stat##*) } && tick=${20}; }
run=$1 session=$2 started=$3 deadman=$4 quiet=0 seen=
shift 4
while ticks "$session" && [ "$tick" = "$started" ] && [ $quiet -le "$deadman" ]; do
    [ -e "$run/beat.$session" ] || exit 0
    beats=
    { read -r beats <"$run/beat.$session"; } 2>/dev/null
    quiet=$((quiet + 1))
    [ "$beats" = "$seen" ] || quiet=0
    seen=$beats
    sleep 1
done
eval "$NGINXGEN_SCRIPT"'
timer=''
arm() {
    for beat in "$run"/beat.*; do
        [ "$beat" = "$run/beat.$$" ] || rm -f "$beat" # a dead-man without its heartbeats goes home
    done
    put_off && born $$ || return 1
    set -- -c "$watching" nginxgen "$run" $$ "$tick" "$deadman" "nginx=$nginx" "conf=$conf" "include=$include" "state=$state" \
        "run=$run" "log=$log" "keep=$keep" "patience=$patience" role=deadman "session=$$" "started=$tick"
    [ -d /run/systemd/system ] && command -v systemd-run >/dev/null 2>&1 &&
        set -- -c 'systemd-run --quiet --scope -- sh "$@" || exec sh "$@"' sh "$@"
    if command -v setsid >/dev/null 2>&1; then set -- setsid sh "$@"; else set -- sh "$@"; fi
    NGINXGEN_SCRIPT=$NGINXGEN_SCRIPT "$@" </dev/null >/dev/null 2>&1 9>&- &
    timer=$!
}

disarm() {
    rm -f "$run/beat.$$"
    [ -n "$timer" ] || return 0
    # its own process group where setsid made one
    { kill -- "-$timer" || kill "$timer"; } 2>/dev/null
    wait "$timer" 2>/dev/null
    timer=''
}

# What the dead-man does when its session is gone, or silent.
strike() {
    # what the session has started ends soon: then its lock is free, and whoever takes that recovers
    born "$session" && [ "$tick" = "$started" ] && kill -9 "$session"
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -e "$run/beat.$session" ] || exit 0
        if take_lock; then
            if find_master || [ "$code" = not-running ]; then recover; fi
            rm -f "$run/beat.$session"
            release_lock
            exit 0
        fi
        nap 0.$try
    done
    exit 0
}
