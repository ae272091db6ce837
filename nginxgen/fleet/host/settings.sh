#!/bin/sh
# nginxgen's half on a host. It reads one word a line on stdin and answers each with one JSON line on stdout.
# Needs POSIX sh, coreutils (or busybox), sed, grep, tar, gzip, nginx and Linux's /proc; flock, setsid and systemd-run
# are used where present. The words and their answers are described in docs/host-protocol.md.
#
#   observe                        what is live, running and previous; changes nothing
#   show ID                        a release's files, as base64 of tar.gz
#   journal N                      the newest N journal lines, raw, after the answer
#   measure SINCE UNTIL DIGITS PLACE SERVICES   counts and times from the metrics log: as many lines as the answer says.
#                                  Times in s since the epoch; DIGITS of them name a slice: 10 for 1 s, 9 for 10 s, 8, 7;
#                                  PLACE as an earlier answer gave it; SERVICES with commas; "-" for no place, or for all
#   notes N                        the same, of those alone that tell of a rollout
#   vitals                         space, memory and clock
#   config                         what nginx -T prints, as base64 of gzip
#   begin NOTE                     take the lock, finish or undo what an earlier session left open; NOTE is flat JSON
#   stage BYTES BLOCKS ID TWIN EMPTY   BLOCKS*4096 bytes follow, the first BYTES are tar.gz; "-" for no TWIN or EMPTY
#   trial TXN ID LIVE RUNNING [PREVIOUS]   serve ID from memory while the disk keeps the old release; "-" for none.
#                                  With PREVIOUS it takes a commit of this fleet change back: that is previous again
#   note NOTE                      one more journal line, without any change; begin comes first
#   commit | abort                 make it live on disk, or bring the old release back
#   beat                           still here: put the dead-man off
#   bye                            the end, as is the end of input
#
# Whatever ends this script (end of input, a signal, kill -9, a reboot) leaves the host on its old release:
# the disk holds the old one all through a trial, and the dead-man or the next session puts memory right.
#
# The file is the parts of nginxgen/fleet/host/, joined. Functions that others wait for set variables instead of printing:
# a $(...) is a fork, and a fork costs a millisecond.
# shellcheck disable=SC3013  # test -ef: in POSIX since 2024, and in every shell of the field
# shellcheck disable=SC2012,SC2013,SC2045  # what is read of ls and sed are names without spaces: pids, and twelve hex digits
# shellcheck disable=SC3040  # set -o posix: asked of bash alone
# shellcheck disable=SC2317  # functions that `attempt` runs are called
# shellcheck disable=SC2015  # `a && b || c`: where c is the way out for a and for b alike

case ${BASH_VERSION:-} in ?*) set -o posix ;; esac # under another name than sh, its read would not end at a signal
set -u
umask 022
LC_ALL=C
export LC_ALL
trap '' HUP PIPE

nginx=/usr/sbin/nginx         # the binary
conf=/etc/nginx/nginx.conf    # the main file that the running master reads
include=conf.d                # its *.conf are included in http {}; relative to the folder of conf
state=/var/lib/nginxgen       # journal, open transaction
run=/run/nginxgen             # lock, heartbeats: gone after a boot
log=/var/log/nginx            # where releases have the log that proves which one runs
keep=10                       # releases kept, beside those that are in use
patience=10                   # seconds for a reload, at least; more where nginx -t took long
deadman=60                    # seconds without a word after which the old release comes back
test_limit=30                 # seconds for nginx -t
role=session session='' started='' # a dead-man is this script again, with the pid and the start of its session
installed=''                  # where this is a file on the host: what it is, for the controller to compare
for setting in "$@"; do
    case $setting in
        nginx=* | conf=* | include=* | state=* | run=* | log=* | keep=* | patience=* | deadman=* | test_limit=* | \
            role=* | session=* | started=* | installed=*) eval "${setting%%=*}=\${setting#*=}" ;;
    esac
done

conf_dir=${conf%/*}
home=$conf_dir/nginxgen
case $include in /*) loader=$include/00-nginxgen.conf ;; *) loader=$conf_dir/$include/00-nginxgen.conf ;; esac
loader_text='# Written once by nginxgen. The sentinel is named in full, so that a dangling link fails nginx -t.
include nginxgen/live/sentinel;
include nginxgen/live/*.conf;'
newline='
' words=$IFS
