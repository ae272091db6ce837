# One pass over a metrics log: counts and times by slice, release, service, route and version. POSIX awk.
# A line, as docs/metrics.md has it: 14 characters of seconds, a blank, the class of the request up to a tab, and what is
# not counted here; a semicolon ends it:
#   1700000000.123 RELEASE|SERVICE|ROUTE|RULE|ASKED|STATUS|ADDRESSES|STATUSES|TIME<tab>BYTES<tab>TIMES;
# Requests of one class in one slice are counted as text; only each different text is taken apart. That is what is fast.
#
# In the environment: DIGITS of the seconds that name a slice (10: 1 s, 9: 10 s, ...), FIRST and LAST slice, SERVICES
# (blanks around each; empty: all), FOLDER and RELEASES (each has a file `versions`: service, address, version, with
# tabs), NAMES (a line each: a name, an address), PLACE (the inode, for the answer), SKIP (1: the first line is cut off),
# LOST (true: lines between were not found), NOW.
# The answer: one line of JSON, then a line for each slice, release, service, route and version.

BEGIN {
    digits = ENVIRON["DIGITS"] + 0; first = ENVIRON["FIRST"]; last = ENVIRON["LAST"]
    services = ENVIRON["SERVICES"]
    most = 50000 # lines of an answer
    longest = 100000000 # ms: a day and more; nginx writes nine characters for it
    edges = 1000; edge[0] = 1 # a table, since not every awk has log()
    for (i = 0; i < edges; i++) edge[i + 1] = edge[i] * 1.01 / 0.99
    read_versions()
    slice = "-"
    if (ENVIRON["SKIP"]) getline
}

index($0, slice) != 1 { count(); slice = begins($0) }
{ seen[substr($0, 16, index($0, "\t") - 16)]++ }

END {
    rest = 0
    if (NR > 0 && $0 !~ /;$/) { # a line that is still being written
        rest = length($0)
        half = substr($0, 16, index($0, "\t") - 16)
        if (--seen[half] == 0) delete seen[half]
    } else if (NR > 0) until = substr($0, 1, 10)
    count()
    answer()
}

# Which address is which version, by release and service.
function read_versions(    releases, release, lines, row, cell, line_, file, name, many, i, j) {
    lines = split(ENVIRON["NAMES"], row, "\n")
    for (i = 1; i <= lines; i++) if (split(row[i], cell, " ") == 2) host_address[cell[1], ++known_as[cell[1]]] = cell[2]
    releases = split(ENVIRON["RELEASES"], release, " ")
    for (i = 1; i <= releases; i++) {
        file = ENVIRON["FOLDER"] "/" release[i] "/versions"
        while ((getline line_ < file) > 0) {
            if (split(line_, cell, "\t") != 3 || !wanted(cell[1])) continue
            version[release[i], cell[1], cell[2]] = cell[3]
            name = cell[2]; sub(/:[0-9]+$/, "", name)
            many = name in known_as ? known_as[name] : 0
            for (j = 1; j <= many; j++)
                version[release[i], cell[1], host_address[name, j] substr(cell[2], length(name) + 1)] = cell[3]
        }
        close(file)
    }
    split("", host_address)
}

function wanted(service) { return services == "" || index(services, " " service " ") }

# The slice of a line; "-" for what is no line of ours.
function begins(line,    found) {
    found = substr(line, 1, digits)
    return length(found) == digits && found !~ /[^0-9]/ && substr(line, 15, 1) == " " ? found : "-"
}

# Take the classes of one slice apart. What is added up here has short keys, which are fast: no slice, and a number for
# the kind, which is all of the class but its time.
function count(    class, number, kind, time, id, one, place, millis_) {
    if (slice == "-" || slice < first || slice > last) {
        for (class in seen) if (slice == "-") bad += seen[class]; else outside += seen[class]
        split("", seen)
        return
    }
    for (class in seen) {
        number = seen[class]
        RSTART = length(class) - 4
        if (substr(class, RSTART - 1, 1) != "|") match(class, /[^|]*$/) # ten seconds and more
        time = substr(class, RSTART); kind = substr(class, 1, RSTART - 2)
        id = ids[kind]
        if (id == "") { id = ids[kind] = ++last_id; learn(kind, id) }
        place = bucket[time]
        if (place == "") { measure(time); place = bucket[time] }
        one = group[id]
        if (one == "other") { others += number; continue }
        if (one == "" || place == "-") { bad += number; continue }
        millis_ = millis[time]
        kinds[id] += number
        times[one, place] += number
        total[one] += number * millis_
        if (longest - millis_ > low[one]) low[one] = longest - millis_ # so that nothing yet is less than anything
        if (millis_ > high[one]) high[one] = millis_
    }
    split("", seen)
    keep()
}

# Add the slice up with what was seen of it before: workers write late, and clocks jump.
function keep(    id, key, part, one, at) {
    for (id in kinds) { counted += kinds[id]; all_kinds[slice, id] += kinds[id] }
    for (key in times) { split(key, part, SUBSEP); all_times[slice SUBSEP groups[part[1]] SUBSEP part[2]] += times[key] }
    for (one in total) {
        at = slice SUBSEP groups[one]
        all_total[at] += total[one]
        if (low[one] > all_low[at]) all_low[at] = low[one]
        if (high[one] > all_high[at]) all_high[at] = high[one]
    }
    split("", kinds); split("", times); split("", total); split("", low); split("", high)
}

# The bucket of a time, "1.234", with edges 2 % apart; "-" for what is no time.
function measure(time,    low_, high_, middle) {
    bucket[time] = "-"
    if (time !~ /^[0-9]+\.[0-9][0-9][0-9]$/ || length(time) > 9) return
    millis[time] = int(time * 1000 + 0.5)
    if (millis[time] == 0) { bucket[time] = "z"; return }
    low_ = -1; high_ = edges
    while (high_ - low_ > 1) {
        middle = int((low_ + high_) / 2)
        if (edge[middle] < millis[time]) low_ = middle; else high_ = middle
    }
    bucket[time] = high_
}

# Whose request was it, and how did it end? Sets the group, and the columns of its counts. Version "-": it reached nobody;
# "?": it reached an address of no version. That of the control group is marked: "v1/control".
function learn(kind, id,    part, tries, codes, mine, by, status, i, own, failed, timeout, fell, name) {
    group[id] = ""
    if (split(kind, part, "|") != 8) return
    if (length(part[1]) != 12 || part[1] ~ /[^0-9a-f]/ || part[2] ~ /[^a-z0-9_-]/ || part[3] ~ /[^a-z0-9_-]/) return
    status = part[6]
    if (status !~ /^[1-5][0-9][0-9]$/) return
    if (!wanted(part[2])) { group[id] = "other"; return }
    tries = split(part[7], address, /, | : /)
    codes = split(part[8], code, /, | : /)
    mine = part[5] != "-" ? part[5] : known(part, address[1], part[7] == "-" ? "-" : "?")
    # who answered: by the address of the last try; where nobody has that one, the one who was asked
    by = part[7] == "-" ? mine : known(part, address[tries], mine)
    timeout = status == 504; own = 0
    for (i = 1; i <= tries && i <= codes; i++)
        if (known(part, address[i], mine) == mine) { own++; if (code[i] == 504) timeout = 1 }
    fell = by != mine
    failed = status >= 500 || fell
    name = part[1] SUBSEP part[2] SUBSEP part[3] SUBSEP mine (part[4] == "control" ? "/control" : "")
    if (!(name in number_of)) { number_of[name] = ++numbers; groups[numbers] = name }
    group[id] = number_of[name]
    adds[id] = "1 " (1 + substr(status, 1, 1)) (failed ? " 7" : "") (timeout ? " 8" : "") (fell ? " 9" : "")
    adds[id] = adds[id] (!failed && own > 1 ? " 10" : "") (status == 499 ? " 11" : "") (part[4] ~ /^(weight|control)$/ ? " 12" : "")
}

function known(part, name, otherwise) {
    return (part[1], part[2], name) in version ? version[part[1], part[2], name] : otherwise
}

function answer(    key, part, at, i, columns, line, rows, position) {
    for (key in all_kinds) {
        split(key, part, SUBSEP)
        at = part[1] SUBSEP groups[group[part[2]]]
        columns = split(adds[part[2]], column, " ")
        for (i = 1; i <= columns; i++) sum[at, column[i]] += all_kinds[key]
    }
    for (key in all_times) {
        split(key, part, SUBSEP)
        at = part[1] SUBSEP part[2] SUBSEP part[3] SUBSEP part[4] SUBSEP part[5]
        buckets[at] = buckets[at] " " part[6] ":" all_times[key]
    }
    for (at in all_total) rows++
    if (rows > most) {
        printf "{\"step\":\"measure\",\"ok\":false,\"code\":\"too-much\",\"message\":\"the answer would have %d lines\",\"hint\":\"name the services, or ask for a shorter time\"}\n", rows
        exit
    }
    while ((getline line < "/proc/self/fdinfo/8") > 0) if (line ~ /^pos:/) position = substr(line, 5) + 0
    printf "{\"step\":\"measure\",\"ok\":true,\"lines\":%d,\"place\":\"%s:%.0f:%s\",", rows, ENVIRON["PLACE"], position - rest, until
    printf "\"read\":%.0f,\"counted\":%.0f,\"others\":%.0f,\"outside\":%.0f,\"bad\":%.0f,\"lost\":%s,\"now\":%s}\n", NR, counted, others, outside, bad, ENVIRON["LOST"], ENVIRON["NOW"]
    for (at in all_total) {
        split(at, part, SUBSEP)
        line = part[1] "\t" part[2] "\t" part[3] "\t" part[4] "\t" part[5]
        for (i = 1; i <= 12; i++) line = line "\t" (sum[at, i] + 0)
        printf "%s\t%.0f\t%.0f\t%.0f\t%s\n", line, all_total[at], longest - all_low[at], all_high[at], substr(buckets[at], 2)
    }
}
