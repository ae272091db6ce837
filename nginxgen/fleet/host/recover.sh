# ---------------------------------------------------------------- both ways to the end of a transaction

# Carry a decided commit through: what is on disk, and what runs, are the new release.
finish() {
    unrecorded=''
    read_transaction "$1" && settle_live_at "$new" && runs "$new" || return
    note_previous || return
    if [ -z "$restores" ]; then record "$1" committed "$old" "$new"; else record "$1" reverted "$new" "$old"; fi
    rm -rf "$1"
}

# The release to go back to. The same release again leaves it where it was; a commit that is taken back, because another
# host of the fleet failed, leaves it where it was before: as if there had been no commit.
note_previous() {
    case $restores in
        '') [ "$old" = "$new" ] || complaint=$(put "$old" "$state/previous" 2>&1) ;;
        -) rm -f "$state/previous" ;;
        *) complaint=$(put "$restores" "$state/previous" 2>&1) ;;
    esac
}

# Memory and disk back on the old release of a transaction, proved.
take_back() {
    read_transaction "$1" && settle_live_at "$old" && runs "$old" || return
    record "$1" reverted "$old" "$new"
    rm -rf "$1"
}

# Bring the master to a release that is live on disk. There is nothing to do only where nginx has said no to another one,
# or was never asked: while it is busy reading that, it still holds the old log alone. Then it gets a second HUP, and
# loads this release after the other.
runs() {
    [ -n "$master" ] || return 0
    find_open "$master"
    proof_of "$1"
    [ "$open" != "$proof" ] || [ -n "$unsettled" ] || return 0
    reload "$1" "$1" 60 && return
    # what nginx said no to may have been the other release, only now: then it is asked once more
    [ -z "$unsettled" ] && reload "$1" "$1" 60
}

# Sets old, new and restores.
read_transaction() {
    old='' new='' restores=''
    { read -r old <"$1/old" && read -r new <"$1/new" && read -r restores <"$1/restores"; } 2>/dev/null
    complaint="$1 can't be read"
    is_id "$old" && is_id "$new"
}

# record TRANSACTION RESULT FROM TO: one line of the journal, on the disk. A line that an earlier crash has cut off gets its end first; one that is there
# already, because we were killed between this and the next step, is not written twice.
record() {
    { IFS= read -r because <"$1/note"; } 2>/dev/null || because='{"verb":"?"}'
    journal=$state/journal.jsonl trial=${1##*/}
    line=$(printf '{"at":"%s","trial":"%s","from":%s,"to":%s,"result":"%s",%s' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        "${trial%.*}" "$(json_id "$3")" "$(json_id "$4")" "$2" "${because#\{}")
    if [ -n "$recovering" ] && tail -n 1 "$journal" 2>/dev/null | grep -qF "${line#*,}"; then return; fi
    append
}

# Sets unrecorded, where line does not get into the journal.
append() {
    [ -z "$(tail -c 1 "$journal" 2>/dev/null)" ] || line=$newline$line
    unrecorded=$( (printf '%s\n' "$line" >>"$journal" && durable "$journal") 2>&1) || unrecorded="no journal entry: $unrecorded"
}

# A line that tells of something else than a change of this host: how a rollout stands.
note_down() {
    [ -n "$locked" ] && [ -z "$txn" ] || { no note bad-order "${locked:+no }begin comes first" && return; }
    is_note "$1" || { no note bad-word 'the note must be one flat JSON object of strings, in ASCII' && return; }
    live_release
    journal=$state/journal.jsonl
    line=$(printf '{"at":"%s","from":%s,"to":%s,"result":"noted",%s' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        "$(json_id "$live")" "$(json_id "$live")" "${1#\{}")
    append
    if [ -z "$unrecorded" ]; then ok note; else cannot_write note "$unrecorded"; fi
}

# What an earlier session left open, before anything else: a commit that was decided is finished, all else is undone.
# complaint says what could not be done. Without a master only the disk is put right: what starts next reads that.
recovering=''
recover() {
    recovered='' recovering=yes
    for left in "$state"/txn/*.open "$state"/txn/*.undo "$state"/txn/*.commit; do
        [ -d "$left" ] || continue
        base=${left%.*} unsettled=yes
        case $left in
            *.commit) finish "$left" || return ;;
            *)
                [ "$left" = "$base.undo" ] || mv "$left" "$base.undo" || return
                take_back "$base.undo" || return
                ;;
        esac
        recovered=${base##*/}
    done
    unsettled='' recovering=''
    rm -rf "$state"/txn/*.new "$home"/releases/.in.* "$home"/.to-* "$run/test"
}
