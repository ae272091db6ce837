# ---------------------------------------------------------------- both ways to the end of a transaction

# Carry a decided commit through: what is on disk, and what runs, are the new release. All of it goes to the disk at once,
# before the transaction is closed: until then it can be done again.
finish() {
    unrecorded=''
    read_transaction "$1" && point_live_at "$new" && { [ -z "$recovering" ] || runs "$new"; } && note_previous || return
    if [ -z "$restores" ]; then record "$1" committed "$old" "$new"; else record "$1" reverted "$new" "$old"; fi
    set -- "$1" "$home" "$state" "$state/txn" "$state/journal.jsonl"
    [ ! -e "$state/previous" ] || set -- "$@" "$state/previous"
    done_with=$1 && shift
    attempt durable "$@" && close "$done_with"
}

# A transaction that is closed, and what its release came in.
close() {
    rm -rf "$1" ${incoming:+"$incoming"}
    incoming=''
}

# The release to go back to. The same release again leaves it where it was; a commit that is taken back, because another
# host of the fleet failed, leaves it where it was before: as if there had been no commit.
note_previous() {
    case $restores in
        '') [ "$old" = "$new" ] || write_previous "$old" ;;
        -) rm -f "$state/previous" ;;
        *) write_previous "$restores" ;;
    esac
}

# Twelve digits over twelve digits: nobody reads half of them, and a full disk has room for them. By an fd of its own:
# bash's printf ignores a 1<>FILE, and says all is well.
write_previous() { attempt overwrite_previous "$1"; }
overwrite_previous() { { printf '%s\n' "$1" >&3; } 3<>"$state/previous"; }

# Memory and disk back on the old release of a transaction, proved.
take_back() {
    read_transaction "$1" && settle_live_at "$old" && runs "$old" || return
    record "$1" reverted "$old" "$new"
    attempt durable "$state/journal.jsonl"
    close "$1"
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
    [ -z "$unsettled" ] && find_open "$master" && reload "$1" "$1" 60
}

# Sets old, new, restores and because. One that has no end was never begun: the disk was full, or the power failed.
read_transaction() {
    old='' new='' restores='' because='' end=''
    { read -r old && read -r new && read -r restores && IFS= read -r because && read -r end; } 2>/dev/null <"$1"
    complaint="$1 can't be read"
    [ "$end" = end ] && is_id "$old" && is_id "$new"
}

# record TRANSACTION RESULT FROM TO: one line of the journal. A line that an earlier crash has cut off gets its end first;
# one that is there already, because we were killed between this and the next step, is not written twice.
record() {
    trial=${1##*/}
    quote_id "$3" && from=$quoted && quote_id "$4"
    line="\"trial\":\"${trial%.*}\",\"from\":$from,\"to\":$quoted,\"result\":\"$2\",${because#\{}"
    if [ -n "$recovering" ] && tail -n 1 "$state/journal.jsonl" 2>/dev/null | grep -qF "$line"; then return; fi
    append "$line"
}

# append MEMBERS sets unrecorded, where the line does not get into the journal. Whoever closes what it tells of flushes it.
append() {
    now_and_end=$(date -u +%Y-%m-%dT%H:%M:%SZ && tail -c 1 "$state/journal.jsonl" 2>/dev/null && printf .)
    line="{\"at\":\"${now_and_end%%"$newline"*}\",$1"
    case ${now_and_end#*"$newline"} in . | "$newline".) ;; *) line=$newline$line ;; esac
    unrecorded=''
    attempt write_line || unrecorded="no journal entry: $complaint"
}

write_line() { printf '%s\n' "$line" >>"$state/journal.jsonl"; }

# A line that tells of something else than a change of this host: how a rollout stands.
note_down() {
    [ -n "$locked" ] && [ -z "$txn" ] || { no note bad-order "${locked:+no }begin comes first" && return; }
    is_note "$1" || { no note bad-word 'the note must be one flat JSON object of strings, in ASCII' && return; }
    live_release
    quote_id "$live"
    append "\"from\":$quoted,\"to\":$quoted,\"result\":\"noted\",${1#\{}"
    durable "$state/journal.jsonl" 2>/dev/null
    if [ -z "$unrecorded" ]; then ok note; else cannot_write note "$unrecorded"; fi
}

# What an earlier session left open, before anything else: a commit that was decided is finished, all else is undone.
# complaint says what could not be done. Without a master only the disk is put right: what starts next reads that.
recovering=''
recover() {
    recovered='' recovering=yes
    for left in "$state"/txn/*.open "$state"/txn/*.undo "$state"/txn/*.commit; do
        [ -e "$left" ] || continue
        case $left in *.open) read_transaction "$left" || { [ "$end" != end ] && rm -f "$left" && continue; } ;; esac
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
    tidy
}

# What a session that was killed may leave behind, and what one that ends has no more use for.
tidy() {
    for left in "$home"/releases/.in.* "$home"/.to/*; do
        [ ! -e "$left" ] && [ ! -L "$left" ] || rm -rf "$left"
    done
    incoming=''
}
