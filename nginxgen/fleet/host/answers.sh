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
json_id() { if [ -n "$1" ]; then printf '"%s"' "$1"; else printf null; fi; }

# Both return 0 also where nobody reads any more (EPIPE): that must not change what we do.
# ok STEP [,MORE-MEMBERS]
ok() { printf '{"step":"%s","ok":true%s}\n' "$1" "${2:-}" 2>/dev/null || :; }

# no STEP CODE MESSAGE [HINT]: nothing was changed, or it was put back, as the code says.
no() {
    printf '{"step":"%s","ok":false,"code":"%s","message":%s,"hint":%s}\n' \
        "$1" "$2" "$(json "$3")" "$(if [ -n "${4:-}" ]; then json "$4"; else printf null; fi)" 2>/dev/null || :
}

cannot_write() { no "$1" cannot-write "cannot write on this host: $2" 'free space, connect as a user who may write, or set become: sudo'; }
