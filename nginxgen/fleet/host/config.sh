# ---------------------------------------------------------------- the config that people wrote

most_config=16777216 # bytes

# What nginx -T prints with the options of the running master: texts of config files, never keys or certificates. It is
# what is on the disk, which may be newer than what runs. One byte more than the most says that there was more.
config() {
    look config || return
    [ -n "$master" ] || { no config not-running "$why" 'start nginx on this host first' && return; }
    set -- -q -c "$conf"
    [ -z "$m_prefix" ] || set -- "$@" -p "$m_prefix/"
    [ -z "$m_error" ] || set -- "$@" -e "$m_error"
    [ -z "$m_globals" ] || set -- "$@" -g "$m_globals"
    dumped=$(exec 9>&- && timeout -s KILL "$test_limit" "$nginx" -T "$@" 2>/dev/null | head -c $((most_config + 1)) | gzip -c | base64 | tr -d '\n')
    # nginx prints nothing of a config that it does not take, and gzip makes 28 characters of nothing
    [ ${#dumped} -le 28 ] || { ok config ",\"most\":$most_config,\"config\":\"$dumped\"" && return; }
    complaint=$(exec 9>&- && timeout -s KILL "$test_limit" "$nginx" -t "$@" 2>&1 | head -n 5)
    no config rejected "nginx -T prints nothing: ${complaint:-it did not end within $test_limit s}" \
        'may this user read all of it? If not, set become: sudo'
}
