# ---------------------------------------------------------------- what a host has left

# Free space where releases, journal and logs go (of a folder that is not there yet, where it will be), memory, clock.
vitals() {
    memory=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
    disks=''
    for folder in "$conf_dir" "$state" "$log"; do
        while [ ! -d "$folder" ] && [ -n "$folder" ]; do folder=${folder%/*}; done
        space=$(stat -f -c '"free":%a,"total":%b,"block":%S,"free_files":%d,"files":%c' "${folder:-/}") || continue
        quote "${folder:-/}"
        disks="$disks${disks:+,}{\"folder\":$quoted,$space}"
    done
    ok vitals ",\"now\":$(date +%s),\"memory_kb\":${memory:-null},\"disks\":[$disks]"
}
