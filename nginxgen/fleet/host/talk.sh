# ---------------------------------------------------------------- the conversation

note='' # who is at work, and why: goes to the lock and to the journal

begin() {
    is_note "$1" || { no begin bad-word 'the note must be one flat JSON object of strings, in ASCII' && return; }
    look begin || return
    complaint=$(ready 2>&1) || { rm -f "$run/beat.$$" && cannot_write begin "$complaint" && return; }
    wait_for_lock || { refuse_locked && return; }
    note=$1
    printf '%s\n' "$note" >"$run/lock"
    arm
    if ! recover; then
        no begin needs-human "an earlier apply was cut off and could not be put right: ${complaint:-}" 'look at the error log of nginx'
    elif [ -z "$master" ]; then
        no begin not-running "$why" "start nginx on this host first$(masters_here)"
    elif [ -n "$pid_file_wrong" ]; then
        no begin no-pid-file "$pid_file_wrong" 'write the pid to that file: others who reload nginx need it, too'
    else
        [ -z "$recovered" ] || forget_seen
        describe
        quote_id "$recovered"
        ok begin ",\"recovered\":$quoted$described"
        remember_master
        return
    fi
    release_lock
}

# May we write where we shall have to?
ready() { ready_folders && put_off && printf '' >>"$run/lock" && printf '' >>"$state/journal.jsonl" && room; }

ready_folders() { [ -d "$run" ] && [ -d "$state/txn" ] || { mkdir -p "$run" "$state/txn" && chmod 700 "$state"; }; }

# A transaction that can't be written down would fail this host's trial, when other hosts serve the new release already.
room() {
    # what printf says of a full disk is "I/O error"
    { printf '%8192s' '' >"$state/.room"; } 2>/dev/null && printf '' >"$state/.room" && return
    printf '' >"$state/.room"
    echo "No space left in $state"
    return 1
}

# A journal line is made of it, so it must not be able to break one.
is_note() {
    case $1 in *[!\ -~]*) return 1 ;; '{"'*'"}') rest=${1#?} ;; *) return 1 ;; esac
    while :; do
        name=${rest#\"} && name=${name%%\"*}
        case $name in '' | *[!a-z_]*) return 1 ;; esac
        case $rest in "\"$name\": \""*) rest=${rest#*': "'} ;; "\"$name\":\""*) rest=${rest#*':"'} ;; *) return 1 ;; esac
        # up to the quote that ends the string
        while rest=${rest#"${rest%%[\"\\]*}"}; do
            case $rest in
                \"*) break ;;
                \\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]*) rest=${rest#??????} ;;
                \\[\"\\/bfnrt]*) rest=${rest#??} ;;
                *) return 1 ;;
            esac
        done
        case $rest in '"}') return 0 ;; '", '*) rest=${rest#???} ;; '",'*) rest=${rest#??} ;; *) return 1 ;; esac
    done
}

# A session that was just told to go may need a moment.
wait_for_lock() {
    for pause in 0.1 0.2 0.3 0.4 0.5 ''; do
        take_lock && return
        [ -z "$pause" ] || nap $pause
    done
    return 1
}

refuse_locked() {
    rm -f "$run/beat.$$"
    find_owner
    printf '{"step":"begin","ok":false,"code":"locked","message":"another nginxgen is at work","hint":null,"owner":%s}\n' "${owner:-null}" 2>/dev/null || :
}

# One line of input. What is said in the wrong order or number changes nothing.
hear() {
    set -f
    # shellcheck disable=SC2086  # words of a command line
    set -- $1
    set +f
    [ "${1:-}" = begin ] || forget_seen
    case ${1:-}/$# in
        observe/1) observe ;;
        show/2) show "$2" ;;
        journal/[12] | notes/[12]) journal "$1" "${2:-20}" ;;
        note/*) note_down "${line#note }" ;;
        beat/1) ok beat ;;
        vitals/1) vitals ;;
        config/1) config ;;
        measure/6) measure "$2" "$3" "$4" "$5" "$6" ;;
        bye/1) leave ;;
        begin/*) if [ -z "$locked" ]; then begin "${line#begin }"; else no begin bad-order 'this session has begun already'; fi ;;
        stage/6)
            case $2$3 in *[!0-9]* | ??????????????????*) no stage bad-word "these are no sizes: $2 $3" && leave ;; esac
            if [ -n "$locked" ] && [ -z "$txn" ]; then stage "$2" "$3" "$4" "$5" "$6"; else
                drain "$3"
                no stage bad-order "${locked:+no }begin comes first"
            fi
            ;;
        trial/[56]) if [ -n "$locked" ]; then trial "$2" "$3" "$4" "$5" "${6:-}"; else no trial bad-order 'begin comes first'; fi ;;
        commit/1) commit ;;
        abort/1) abort ;;
        stage/*) no stage bad-word 'how much follows?' && leave ;;
        observe/* | show/* | journal/* | notes/* | measure/* | vitals/* | config/* | beat/* | bye/* | trial/* | commit/* | abort/*) no "$1" bad-word "wrong number of words: $line" ;;
        *) no word bad-word "no such word: ${1:-}" ;;
    esac
}

# The end, however it came: what is under trial goes back. Never inside a trap, where `return` means another status.
leave() {
    trap '' TERM INT
    if [ -n "$txn" ]; then undo abort '' ''; elif [ -n "$incoming$arrived$staged$first$mended" ]; then unstage; fi >/dev/null
    release_lock
    exit 0
}

if [ "$role" = deadman ]; then strike; fi

# logrotate's: nginx opens its logs anew, and it is this nginx, however many there are
if [ "$role" = reopen ]; then
    find_master && kill -USR1 "$master"
    exit 0
fi

NGINXGEN_SCRIPT=${NGINXGEN_SCRIPT:-$(cat "$0")}
printf '{"step":"hello","ok":true,"protocol":1%s}\n' "${installed:+,\"installed\":\"$installed\"}"
leaving=''
trap 'leaving=yes' TERM INT # ends a read; a step is finished first, and each ends within its patience
while [ -z "$leaving" ] && IFS= read -r line; do
    [ -z "$locked" ] || put_off
    hear "$line"
done
leave
