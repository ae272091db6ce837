# ---------------------------------------------------------------- the metrics log

# Reads the log from PLACE on, the rotated one first where it was rotated since, and counts it by `tally`, an awk program.
# Changes nothing and needs no lock: it goes on beside an apply. A subshell keeps its words to itself, and away from the
# lock, which must not outlive this session in an awk.
measure() { (exec 9>&- && count_lines "$@"); }

count_lines() {
    since=$1 until=$2 digits=$3 place=$4 services=$5
    case $since$until$digits in *[!0-9]*) no measure bad-word 'measure takes numbers' && return ;; esac
    case $digits in 7 | 8 | 9 | 10) ;; *) no measure bad-word 'slices are 1, 10, 100 or 1000 s' && return ;; esac
    case $services in -) services='' ;; *) services=" $(printf '%s' "$services" | tr , ' ') " ;; esac
    metrics_log=$log/nginxgen-metrics.log
    [ -r "$metrics_log" ] || {
        no measure no-metrics-log "there is no metrics log at $metrics_log, or it may not be read" \
            'apply first: nginx writes it where a service has metrics; or set become: sudo'
        return
    }
    exec 8<"$metrics_log"
    measured=$(stat -L -c '%i %s' /proc/self/fd/8)
    inode=${measured% *} size=${measured#* } older='' from=0 skip='' lost=false
    where_to_begin
    DIGITS=$digits FIRST=$(first_digits "$since") LAST=$(first_digits $((until > since ? until - 1 : since)))
    NOW=$(date +%s) PLACE=$inode SERVICES=$services FOLDER=$home/releases NAMES=$(addresses_of_names) SKIP=$skip LOST=$lost
    RELEASES=$(cd "$home/releases" 2>/dev/null && echo *)
    export DIGITS FIRST LAST NOW PLACE SERVICES FOLDER RELEASES NAMES SKIP LOST
    # shellcheck disable=SC2154  # tally is a part of its own
    if [ -z "$older" ]; then
        seek "$from" && timeout 300 nice -n 10 awk "$tally" <&8
    else
        { older_lines && cat <&8; } | timeout 300 nice -n 10 awk "$tally"
    fi || no measure slow 'the metrics log could not be read in 300 s' 'ask for a shorter time'
}

first_digits() { printf "%.${digits}s" "$1"; }

# A server may be written by name; nginx logs its address. A line for each: the name, the address.
addresses_of_names() {
    cat "$home"/releases/*/versions 2>/dev/null | sed -n 's/^[^	]*	\([A-Za-z][A-Za-z0-9.-]*\):[0-9]*	.*/\1/p' |
        sort -u | head -n 200 | while read -r name; do
        getent ahosts "$name" 2>/dev/null | sed "s/ .*//; /:/s/.*/[&]/; s/^/$name /" | sort -u
    done
}

# Sets from and skip for the log on fd 8, and older where the rotated log has lines that were not read yet.
where_to_begin() {
    case $place in
        *[!0-9:]* | -) old_inode='' offset=0 seen_until='' ;;
        *) old_inode=${place%%:*} offset=${place#*:} seen_until=${offset#*:} offset=${offset%%:*} ;;
    esac
    if [ "$old_inode" = "$inode" ] && [ "$offset" -le "$size" ] && ends_there "$metrics_log"; then
        from=$offset
    elif [ "$old_inode" = "$inode" ] && [ "$offset" -gt "$size" ]; then # copied away and cut to nothing
        rest_of "$metrics_log.1" || by_time
    elif [ -n "$old_inode" ]; then # renamed, and a new one begun
        for rotated in "$metrics_log"[.-]*; do
            [ "$(stat -c %i "$rotated" 2>/dev/null)" != "$old_inode" ] || rest_of "$rotated" || :
        done
        if [ -n "$older" ]; then
            # nginx may not have opened the new one yet: then the old one is where it writes, and where we go on
            [ "$size" -gt 0 ] || { exec 8<"$older" && older='' && from=$offset inode=$old_inode; }
        else # gone: from the slice after the last one that was seen
            width=1 && while [ ${#width} -le $((10 - digits)) ]; do width=${width}0; done
            lost=true since=$((${seen_until:-$since} + width)) && by_time
        fi
    else
        by_time
    fi
}

rest_of() {
    case $1 in *.gz) return 1 ;; esac
    [ -r "$1" ] && [ "$(stat -c %s "$1")" -ge "$offset" ] && ends_there "$1" && older=$1 older_from=$offset
}

# Is the last line before offset the one that was read last? An inode may be another file by now.
ends_there() {
    [ -n "$seen_until" ] && [ "$offset" -gt 0 ] || return 0
    block=$(((offset - 1) / 65536))
    [ "$block" -eq 0 ] || block=$((block - 1))
    last_line=$(dd if="$1" bs=65536 skip="$block" count=2 2>/dev/null | head -c $((offset - block * 65536)) | tail -n 1 | head -c 10)
    [ "$last_line" = "$seen_until" ]
}

# No place: the first line of SINCE, by bisection over blocks; the rotated log too, where this one begins later. Workers
# write their lines a second or two late, so it begins five seconds earlier; slices before SINCE are not counted.
by_time() {
    start=$(time_at 0)
    if [ -n "$start" ] && [ "$start" -lt $((since - 5)) ]; then
        bisect
    elif [ -r "$metrics_log.1" ]; then
        older=$metrics_log.1 older_from=0
    elif [ -r "$metrics_log.1.gz" ]; then
        older=$metrics_log.1.gz older_from=0
    fi
}

bisect() {
    low=0 high=$((size / 65536))
    while [ $((high - low)) -gt 1 ]; do
        middle=$(((low + high) / 2)) found=$(time_at "$middle")
        if [ -n "$found" ] && [ "$found" -lt $((since - 5)) ]; then low=$middle; else high=$middle; fi
    done
    from=$((low * 65536))
    [ "$from" -eq 0 ] || skip=1
}

# The seconds of the first whole line in a block of 64 KiB.
time_at() {
    dd if="$metrics_log" bs=65536 skip="$1" count=1 2>/dev/null | head -c 16384 |
        sed -n 's/^\([0-9]\{10\}\)\.[0-9][0-9][0-9] .*;$/\1/p' | sed -n "$(($1 > 0 ? 2 : 1))p"
}

# The offset of fd 8, which the readers share.
seek() {
    dd bs=65536 skip=$(($1 / 65536)) count=0 <&8 2>/dev/null
    [ $(($1 % 65536)) -eq 0 ] || dd bs=$(($1 % 65536)) count=1 <&8 >/dev/null 2>&1
}

older_lines() {
    case $older in
        *.gz) gzip -dc "$older" ;;
        *) tail -c "+$((older_from + 1))" "$older" ;;
    esac
}
