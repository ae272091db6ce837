# ---------------------------------------------------------------- trial, commit, abort

txn=''       # path of the open transaction, without its ending: .open, then .commit or .undo, each by one rename
unsettled='' # set while a reload was asked for whose outcome is not known

trial() {
    [ -z "$txn" ] || { no trial bad-order 'a trial is open already' && return; }
    case $1 in [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) no trial bad-word "a transaction cannot be called $1" && return ;; esac
    name=$1 new=$2 expected_live=${3#-} expected_running=${4#-} restores=${5:-}
    case $restores in '' | -) ;; *) is_id "$restores" || { no trial bad-word "a release cannot be called $restores" && return; } ;; esac
    find_master || { no trial not-running "$why" 'start nginx on this host first' && return; }
    live_release
    # under our lock: what was expected runs, unless somebody has reloaded by hand
    seen_running=''
    if [ -n "$expected_running" ] && holds "$expected_running"; then
        running=$expected_running open=$running
    else
        find_running
    fi
    old=$live
    if [ -n "$first" ]; then
        # our own empty release stands where nothing was expected
        expected_live=${expected_live:-$old} expected_running=${expected_running:-$running}
    fi
    if [ "$old" != "$expected_live" ] || [ "$running" != "$expected_running" ]; then
        no trial moved "the host has ${old:-nothing} live and ${running:-nothing} running; the plan was made for ${expected_live:-nothing} and ${expected_running:-nothing}" 'plan again'
        return
    fi
    has_release "$new" || { no trial missing "there is no release $new on this host" && return; }
    [ -n "$old" ] || { no trial bad-order 'nothing of ours is live yet: stage comes first' && return; }
    edits=''
    case " $staged " in *" $new "*) ;; *) find_edits "$home/releases/$new" ;; esac
    [ -z "$edits" ] || { no trial edited "release $new was changed by hand: $edits" 'apply it anew' && return; }
    place=$home/releases/$new
    # one that was staged has been asked this, beside what ran then; what is taken back was there before
    [ -n "$restores" ] || [ "$fitted" = "$new beside $running" ] || zones_fit || { no trial "$code" "$complaint" "$hint" && return; }
    open_transaction || { cannot_write trial "$complaint" && return; }
    if try; then
        ok trial ",\"running\":\"$new\""
    else
        undo trial trial-failed "$complaint"
    fi
}

# From here on whoever comes next knows what was under way. It is on the disk, and so is what stage has put there, before
# anything changes; one that lacks its last line was not begun.
open_transaction() {
    txn=$state/txn/$name
    attempt write_transaction && return
    rm -f "$txn.open"
    txn=''
    return 1
}

write_transaction() {
    set -- "$txn.open" "$state/txn" "$home/releases"
    for part in $staged; do set -- "$@" "$home/releases/$part" "$home/releases/$part"/*; done
    printf '%s\n' "$old" "$new" "$restores" "$note" end >"$txn.open" && durable "$@"
}

# Memory takes the new release, and the disk has it only as long as nginx reads. The way back is laid before.
try() {
    if [ "$old" != "$new" ]; then attempt ready_links "$new" "$old" || return; fi
    point_live_at "$new" && reload "$new" "$old" "$((patience + test_took * 3 / 100))" && settle_live_at "$old" && stays_up
}

# reload TO BACK SECONDS: HUP the master, which has the logs in `open`, and wait until it has committed to a release and new
# workers serve it; complaint says why not. Once the master has opened the new log it has read every file: then the disk
# goes BACK at once.
reload() {
    proof_of "$1"
    back=$2 both='' switched='' held=$open
    mark_log
    find_children
    old_children=$children
    ask_to_reload || { complaint='the nginx master is gone' && return 1; }
    clock
    begun=$now until=$((now + $3 * 100))
    # It takes about as long as the test took. Each look comes later than the one before, by half of all that time: where
    # fifty hosts share a machine, it is the looking that would make them wait. Only what has not come soon is looked into
    # with other programs than a sleep.
    lull=$((test_took / 2))
    while [ "$now" -lt "$until" ]; do
        [ "$lull" -ge 2 ] || lull=2
        [ "$lull" -le 30 ] || lull=30
        rest "$lull"
        put_off
        find_new_workers
        clock
        if [ -n "$new_workers" ] && runs_alone "$proof" "$held"; then unsettled='' served=$now && return 0; fi
        lull=$(((now - begun) / 2))
        if [ "$lull" -lt 5 ]; then
            [ -z "$proof" ] || [ "$held" = "$proof" ] || ! holds "$proof" || lay_back || return
        else
            find_open "$master"
            born "$master" || { find_said emerg && complaint="the nginx master died: $said" && return 1; }
            case $open in "$held" | "$proof") ;; *) lay_back || return ;; esac
            if given_up; then return 1; fi
        fi
    done
    find_said emerg
    complaint="nginx did not take the release within $3 s: $said"
    return 1
}

# The master has opened the release that it was asked for, and the old one as well: it needs the disk no more.
lay_back() { both=yes && { [ "$live" = "$back" ] || point_live_at "$back"; }; }

ask_to_reload() {
    unsettled=yes
    kill -HUP "$master" 2>/dev/null
}

# Does the master hold this log (none, where a release has none), and not that of the other release any more? Where that
# is the same release, a third may be on its way: a reload that nginx was deaf to, and takes late.
runs_alone() {
    case $1/$2 in
        '/'* | *' '* | "$1/$1") ;;
        *) holds "$1" && { [ -z "$2" ] || ! holds "$2"; } && return ;;
    esac
    find_open "$master"
    [ "$open" = "$1" ]
}

# Has nginx said no to this reload, or can its new workers not live? complaint says why.
given_up() {
    if log_grew; then
        find_said 'emerg|alert'
        case $said in *'exited with fatal code'*) complaint="the new workers cannot start: $said" && return 0 ;; esac
        find_said emerg
        complaint=$said
    else
        complaint=''
    fi
    if [ "$held" = "$proof" ]; then
        # nothing shows when it gave up but its words; a port that is taken is tried five times
        case $complaint in '') return 1 ;; *'still could not bind'*) ;; *'bind() to'*) return 1 ;; esac
        unsettled='' && return 0
    fi
    [ -z "$complaint" ] || find_open "$master" # it may have opened the log since
    case $open in
        "$held")
            # it held the new log and let it go, or it complained and never opened it
            [ -n "$both$complaint" ] || return 1
            complaint=${complaint:-nginx opened the release and dropped it again}
            unsettled='' && return 0
            ;;
        "$proof")
            clock
            switched=${switched:-$now}
            complaint='nginx took the release, but started no workers for it'
            [ $((now - switched)) -ge 300 ]
            ;;
        *) return 1 ;;
    esac
}

# New workers that die at once are the worst failure of a reload: nobody serves. 250 ms show it. (An [emerg] of the master
# says no more now: it has taken the release, perhaps after some tries at a port.)
stays_up() {
    for _ in 1 2 3; do
        young=$new_workers
        nap_until $((served + 26)) && served=$now
        said=''
        if log_grew; then find_said alert; fi
        complaint=$said
        for worker in $young; do
            if born "$worker"; then
                [ -z "$complaint" ] || complaint="nginx complained after the reload: $complaint"
                [ -z "$complaint" ]
                return
            fi
        done
        # Gone without a word: they were of a reload that was asked for just before ours, and ours has replaced them.
        [ -z "$complaint" ] || break
        find_new_workers
    done
    complaint="the new workers died: $complaint"
    return 1
}

nap_until() {
    clock
    ahead=$(($1 - now))
    case $ahead in -* | 0) ;; *) rest $ahead ;; esac
    clock
}

# So many hundredths of a second, a whole one at most.
rest() { case $1 in ?) nap "0.0$1" ;; ??) nap "0.$1" ;; *) nap 1 ;; esac; }

commit() {
    [ -n "$txn" ] || { no commit bad-order 'no trial is open' && return; }
    live_release
    proof_of "$old"
    other=$proof
    proof_of "$new"
    if [ "$live" != "$old" ] || ! runs_alone "$proof" "$other"; then
        undo commit superseded 'somebody else reloaded nginx or changed the live release during the trial'
        return
    fi
    # The commit point: from here on whoever comes next finishes this.
    mv "$txn.open" "$txn.commit" 2>/dev/null || { expired commit && return; }
    if finish "$txn.commit"; then
        txn='' arrived='' staged='' first='' mended='' quoted=''
        [ -z "$unrecorded" ] || quote "$unrecorded"
        ok commit ",\"live\":\"$new\"${quoted:+,\"warning\":$quoted}"
        prune
    elif mv "$txn.commit" "$txn.open" 2>/dev/null; then
        undo commit trial-failed "the commit failed: $complaint"
    else
        no commit needs-human "the commit failed: $complaint" "nginx runs $new, a boot would serve $live; apply again"
        txn=''
    fi
}

abort() {
    if [ -z "$txn" ]; then
        unstage
        ok abort
    else
        undo abort '' ''
    fi
}

# undo STEP CODE MESSAGE: bring the old release back, prove it, and say so: yes where that was asked for.
undo() {
    mv "$txn.open" "$txn.undo" 2>/dev/null || { expired "$1" && return; }
    if ! take_back "$txn.undo"; then
        no "$1" needs-human "${3:+"$3; and "}the old release $old could not be brought back: $complaint" \
            "see what nginx says in its error log, and reload or start it: the files on the disk are as before"
        txn=''
        return
    fi
    txn=''
    unstage
    quote_id "$old"
    if [ -z "$2" ]; then ok "$1" ",\"running\":$quoted"; else no "$1" "$2" "$3"; fi
}

# The transaction is not ours any more. The dead-man ends a session before it undoes, so that only a person's hand does this.
expired() {
    txn=''
    no "$1" expired "the transaction is gone from $state/txn: something else has undone it"
}
