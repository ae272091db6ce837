# ---------------------------------------------------------------- the running nginx

master='' built='' code='' why=''

# Sets master, its command line (m_*) and pid_file_wrong; or returns 1 with code and why. The master is found by its pid
# file and known by the config it reads, never by its name alone: a machine may run several.
find_master() {
    # found before, and its pid file still says so: a reload that moves that file takes the old one away
    if [ -n "$master" ] && [ -z "$pid_file_wrong" ] && in_pid_file "$master"; then return 0; fi
    master='' pid_file_wrong=''
    [ -r "$conf" ] || { code=no-conf why="cannot read $conf" && return 1; }
    [ -x "$nginx" ] || { code=no-binary why="there is no nginx at $nginx" && return 1; }
    [ -n "$built" ] || ! recall_master || return 0
    [ -n "$built" ] || built=$("$nginx" -V 2>&1) || { code=no-binary why="$nginx -V fails: $built" built='' && return 1; }
    built_with prefix && prefix=${value%/}
    pid_file=$(sed -n '/^[[:space:]]*pid[[:space:]]\{1,\}["'\'']\{0,1\}\([^;"'\''[:space:]]*\)["'\'']\{0,1\}[[:space:]]*;.*/{
        s//\1/p
        q
    }' "$conf")
    [ -n "$pid_file" ] || { built_with pid-path && pid_file=$value; }
    case $pid_file in
        /*) pid_in "$pid_file" && return 0 ;;
        *)
            # relative to the prefix, which only the master's own command line tells: try the likely ones
            for base in "$prefix" "$conf_dir" "${conf_dir%/*}"; do
                pid_in "$base/$pid_file" && return 0
            done
            ;;
    esac
    [ "$code" = not-running ] && search_master
}

# Is this process the one in the pid file, and does it run the file that is at $nginx?
in_pid_file() {
    pid=''
    { read -r pid <"$pid_file"; } 2>/dev/null
    [ "$pid" = "$1" ] && [ "/proc/$1/exe" -ef "$nginx" ]
}

# What an earlier session has found out holds as long as that very process runs the very file that is at $nginx: a running
# program's file can't be written to, and its inode is no other file's. It saves nginx -V and a look into the config.
recall_master() {
    seen_pid='' seen_tick='' pid_file='' title='' version='' options='' end=''
    { read -r seen_pid seen_tick && IFS= read -r pid_file && IFS= read -r title && IFS= read -r version &&
        IFS= read -r options && read -r end; } <"$run/master" 2>/dev/null
    [ "$end" = . ] && in_pid_file "$seen_pid" && born "$seen_pid" && [ "$tick" = "$seen_tick" ] || return
    built="nginx version: $version${newline}configure arguments:$options"
    built_with prefix && prefix=${value%/}
    if reads_our_conf "$seen_pid"; then remembered=yes && return; fi
    master='' built=''
    return 1
}

remembered='' # set where $run/master says what we know
remember_master() {
    [ -z "$remembered" ] && [ -n "$master" ] && [ -z "$pid_file_wrong" ] && title_of "$master" && born "$master" || return 0
    version=${built#*nginx version: } options=' '
    for option in prefix conf-path pid-path; do
        built_with $option && options="$options${value:+--$option=$value }"
    done
    find_modules
    printf '%s\n' "$master $tick" "$pid_file" "$title" "${version%%"$newline"*}" "$options$modules" . 2>/dev/null \
        >"$run/master" && remembered=yes
}

# Sets value: what nginx -V says of a ./configure option.
built_with() {
    value=''
    case $built in *" --$1="*) value=${built#*" --$1="} value=${value%%[ "$newline"]*} ;; esac
}

# Is the pid in this file a master of ours?
pid_in() {
    pid='' pid_file=$1
    { read -r pid <"$1"; } 2>/dev/null
    code=not-running
    case $pid in '' | *[!0-9]*) why="nginx is not running (no pid in $1)" && return 1 ;; esac
    title_of "$pid" || { why="nginx is not running (the pid $pid in $1 is gone)" && return 1; }
    why="nginx is not running (the pid $pid in $1 is another process)"
    reads_our_conf "$pid"
}

# Is this process an nginx master that reads our main file? Sets master, or code and why.
is_master() { title_of "$1" && reads_our_conf "$1"; }

# The same of one whose title is known.
reads_our_conf() {
    case $title in 'nginx: master process '*) ;; *) return 1 ;; esac
    read_command_line "${title#nginx: master process }"
    built_with conf-path
    running_conf=${m_conf:-$value}
    case $running_conf in /*) ;; *) running_conf=${m_prefix:-$prefix}/$running_conf ;; esac
    [ "$running_conf" -ef "$conf" ] || {
        code=other-conf why="the running nginx (pid $1) reads $running_conf, not $conf" && return 1
    }
    # this link can be followed by whoever may look at the process's open files
    [ -e "/proc/$1/exe" ] || { code=no-permission why="not allowed to look at the nginx master (pid $1)" && return 1; }
    master=$1
}

# No pid file leads to it: is there a master all the same, on this system and not in a container that we can see into?
search_master() {
    reason=$why
    for entry in /proc/[0-9]*; do
        pid=${entry#/proc/}
        is_master "$pid" && [ "$entry/ns/mnt" -ef /proc/self/ns/mnt ] || continue
        # -g may name another file than the config does
        case " $m_globals" in *[\ \;]'pid '*) pid_file=${m_globals##*pid } pid_file=${pid_file%%[ ;]*} ;; esac
        said=''
        { read -r said <"$pid_file"; } 2>/dev/null
        [ "$said" = "$pid" ] || pid_file_wrong="nginx runs as pid $pid, but $pid_file does not say so"
        return 0
    done
    master='' code=not-running why=$reason
    return 1
}

# Prints, for a hint, which masters do run on this system, and what they read.
masters_here() {
    seen=''
    for entry in /proc/[0-9]*; do
        pid=${entry#/proc/}
        title_of "$pid" || continue
        case $title in 'nginx: master process '*) ;; *) continue ;; esac
        [ "$entry/ns/mnt" -ef /proc/self/ns/mnt ] || continue
        read_command_line "${title#nginx: master process }"
        binary=$(readlink "$entry/exe" 2>/dev/null) || continue
        [ -n "$m_conf" ] || m_conf=$("$entry/exe" -V 2>&1 | sed -n 's/.*--conf-path=\([^ ]*\).*/\1/p')
        seen="$seen${seen:+, }$binary with $m_conf"
        [ ${#seen} -lt 300 ] || break
    done
    [ -z "$seen" ] || printf '; running here: %s' "$seen"
}

# Split a master's title into the options nginx was started with; -g takes words up to the next option.
read_command_line() {
    m_prefix='' m_conf='' m_error='' m_globals=''
    set -f
    # shellcheck disable=SC2086  # the title is one string; its words are what we want
    set -- $1
    set +f
    [ $# -gt 0 ] && shift # the name it was started by
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
            p) m_prefix=${word%/} into='' ;;
            e) m_error=$word into='' ;;
            g) m_globals="$m_globals${m_globals:+ }$word" ;;
        esac
    done
}

# Sets replaced: why the nginx that -t would run is not the one that is running; empty where it is.
find_replaced() {
    replaced=''
    [ -n "$master" ] && [ ! "/proc/$master/exe" -ef "$nginx" ] || return 0
    # a wrapper that starts nginx is never the same file
    { IFS= read -r first_line <"$nginx"; } 2>/dev/null
    case $first_line in '#!'*) return 0 ;; esac
    runs=$(readlink "/proc/$master/exe" 2>/dev/null)
    case $runs in
        *' (deleted)') replaced="nginx on disk was replaced since the master started" ;;
        *) replaced="the running nginx is $runs, not what is now at $nginx" ;;
    esac
}

# Sets children: the pids of all that the master has started.
find_children() {
    children=''
    if [ -r "/proc/$master/task/$master/children" ]; then
        { read -r children <"/proc/$master/task/$master/children"; } 2>/dev/null
    else
        # the parent is the second field after the name, and a name may hold anything but is closed by the last ")"
        children=$(sed -n "s/^\([0-9]*\) (.*) [A-Za-z] $master .*/\1/p" /proc/[0-9]*/stat 2>/dev/null)
    fi
    return 0
}

# Sets new_workers: those that the master has started since it had only the children in $old_children.
find_new_workers() {
    new_workers=''
    find_children
    for child in $children; do
        case " $old_children " in *" $child "*) continue ;; esac
        if serves "$child"; then new_workers="$new_workers${new_workers:+ }$child"; fi
    done
}

# Does this child of the master take new connections? 2 where it is a worker that ends.
serves() {
    title_of "$1" || return 1
    case $title in *'is shutting down'*) return 2 ;; 'nginx: worker process'*) ;; *) return 1 ;; esac
}

# Sets workers (those that take new connections) and draining (the number of those that end).
find_workers() {
    workers='' draining=0 looked_at=''
    [ -n "$master" ] || return 0
    find_children
    looked_at=$children
    for child in $children; do
        serves "$child"
        case $? in 0) workers="$workers${workers:+ }$child" ;; 2) draining=$((draining + 1)) ;; esac
    done
}

# Sets age: for how long its newest worker has served, in seconds.
find_age() {
    youngest=0
    for worker in $workers; do
        born "$worker" && [ "$tick" -gt "$youngest" ] && youngest=$tick
    done
    age=$((($(this_tick) - youngest) / 100))
}

# Sets open: the releases whose log a process holds open, in one line. One ls reads a thousand links in the time of one
# readlink. A log that was removed, by somebody who shares the folder, is still open and still the proof.
find_open() {
    open='' IFS=$newline
    set -f
    for held_id in $(ls -l "/proc/$1/fd" 2>/dev/null); do
        case $held_id in */gen-????????????.log*) held_id=${held_id##*/gen-} held_id=${held_id%%.log*} ;; *) continue ;; esac
        is_id "$held_id" || continue
        case " $open " in *" $held_id "*) ;; *) open="$open${open:+ }$held_id" ;; esac
    done
    set +f
    IFS=$words
}

# Does the master hold this release's log? Starts nothing, and so is for looking often; where it says no, find_open knows.
holds() {
    for descriptor in "/proc/$master/fd"/*; do
        [ "$descriptor" -ef "$log/gen-$1.log" ] && return
    done
    return 1
}

# Sets running: the release that nginx serves. Where the master holds two logs it is in mid-reload: read until it is not.
find_running() {
    running=''
    [ -n "$master" ] || return 0
    clock
    until=$((now + 400)) # longer than nginx tries to bind
    while :; do
        # what has run a moment ago, and nothing else
        if [ -n "$seen_running" ] && holds "$seen_running" && { [ "$live" = "$seen_running" ] || ! holds "$live"; }; then
            running=$seen_running && return
        fi
        find_open "$master"
        case $open in *' '*) ;; *) break ;; esac
        clock
        [ "$now" -lt "$until" ] || break
        nap 0.05
    done
    running=${open##* }
    [ -n "$running" ] && return 0
    # a release without services has no log: it runs where no log is open
    live_release
    [ -z "$live" ] || [ -e "$home/releases/$live/release.inc" ] || running=$live
}

# What the master writes to its error log from now on. It is read by way of the master: it may have been rotated.
mark_log() {
    error_log=/proc/$master/fd/2 offset=0
    if [ -f "$error_log" ]; then offset=$(wc -c <"$error_log"); else error_log=''; fi
}

# The lock was written before that: what is older than it has not grown since.
log_grew() { [ -n "$error_log" ] && [ ! "$run/lock" -nt "$error_log" ] && [ "$(wc -c <"$error_log")" -ne "$offset" ]; }

# Sets said: what the master has written since, at these levels, in one line.
find_said() {
    said=''
    [ -n "$error_log" ] || return 0
    [ "$(wc -c <"$error_log")" -ge "$offset" ] || offset=0 # a reload has opened the file anew
    said=$(tail -c "+$((offset + 1))" "$error_log" 2>/dev/null | grep -E "\[($1)\] $master#" |
        sed 's/^[^[]*\[[a-z]*\] [0-9#]*: //' | sort -u | head -n 5 | tr '\n' ' ')
}
