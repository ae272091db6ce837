# ---------------------------------------------------------------- answers

# Sets quoted: a JSON string of the arguments. (What is set, rather than printed, needs no $(...), which is a fork.)
quote() {
    case "$*" in
        *[!A-Za-z0-9_.,:\;/@=+\(\)\ -]*)
            quoted=$(printf '%s' "$*" | head -c 4000 | tr '\n\t\r' '   ' | tr -d '\000-\037\177' |
                sed 's/\\/\\\\/g; s/"/\\"/g')
            quoted="\"$quoted\""
            ;;
        *) quoted="\"$*\"" ;;
    esac
}

# Sets quoted: a release id as JSON, null where there is none.
quote_id() { quoted=${1:+"\"$1\""} quoted=${quoted:-null}; }

# Both return 0 also where nobody reads any more (EPIPE): that must not change what we do.
# ok STEP [,MORE-MEMBERS]
ok() { printf '{"step":"%s","ok":true%s}\n' "$1" "${2:-}" 2>/dev/null || :; }

# no STEP CODE MESSAGE [HINT]: nothing was changed, or it was put back, as the code says.
no() {
    quote "$3" && message=$quoted quoted=null
    [ -z "${4:-}" ] || quote "$4"
    printf '{"step":"%s","ok":false,"code":"%s","message":%s,"hint":%s}\n' "$1" "$2" "$message" "$quoted" 2>/dev/null || :
}

cannot_write() { no "$1" cannot-write "cannot write on this host: $2" 'free space, connect as a user who may write, or set become: sudo'; }
