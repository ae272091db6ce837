# ---------------------------------------------------------------- the system

nap() { sleep "$1" 2>/dev/null || sleep 1; } # some sleeps know whole seconds only

# Sets now: hundredths of a second since boot. For differences only: in some containers it is another boot's.
clock() {
    read -r now rest </proc/uptime
    now=${now%.*}${now#*.}
}

# Sets tick: when a process started, in hundredths of a second since boot (field 22 of proc(5)'s stat). 1 where there is
# none, or where it has ended and its parent has not looked yet.
born() {
    tick='' stat=''
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # shellcheck disable=SC2086  # its name, in parentheses, may hold anything; after it come plain words
    set -- ${stat##*) }
    [ "$1" != Z ] && tick=${20}
}

# This moment on the clock of `born`: a process that starts now. Only that clock is the same in every container.
this_tick() { (born self && printf '%s' "$tick"); }

# Sets title: the command line of a process; nginx writes there what the process is. (A shell reads byte by byte, and the
# kernel asks the process for each: ten times as dear as a file. What is known is not read again.)
title_of() {
    title=''
    { IFS= read -r title <"/proc/$1/cmdline"; } 2>/dev/null || [ -n "$title" ]
}

# attempt COMMAND...: run it, and return as it does; where it fails, complaint is what it says. That goes by a file: a $(...)
# is a fork of this whole shell, and a program that is started from the shell itself is none (vfork).
attempt() {
    said_in=$run/said
    { printf '' >"$said_in"; } 2>/dev/null || said_in=/dev/null # the way back must not depend on it
    "$@" 2>"$said_in" && return
    failed=$? complaint=$(cat "$said_in")
    complaint=${complaint:-"$1 does not say why (is the disk of $run full?)"}
    return "$failed"
}

# Flush these paths to disk; a sync that takes no names flushes everything.
durable() { sync "$@" 2>/dev/null || sync; }

# put TEXT PATH: replace a file in one rename
put() { printf '%s\n' "$1" >"$2.new.$$" && durable "$2.new.$$" && mv -f "$2.new.$$" "$2"; }
