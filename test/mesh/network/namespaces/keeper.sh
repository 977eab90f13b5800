#!/bin/sh
# keeper.sh DIRECTORY NAME...: a PID namespace, and in it one network namespace for each NAME.
#
# Prints "NAME PID" for a process in each and "init PID" for the first process, by the numbers of the caller's /proc, in
# any order. All of it lives until standard input ends, which the kernel sees to when the caller dies, however it dies.
# The kernel then kills every process inside, and with the last one the networks go; DIRECTORY is removed after that.
set -eu

if [ "${1:-}" != --inside ]; then
  # In the way of nobody: not ignored, which would be inherited, and no reason to end before the directory is removed.
  trap : HUP INT TERM
  unshare --pid --fork --kill-child -- sh "$0" --inside "$@" || true
  rm -rf --one-file-system -- "$1"
  exit
fi
shift 2

hold='read -r pid _ </proc/self/stat; echo "$0 $pid"; exec sleep infinity'
exec 3<&0
for name in "$@"; do
  unshare --net -- sh -c "$hold" "$name" </dev/null 3<&- &
done
trap 'exit 0' TERM
{ cat <&3 >/dev/null; kill -TERM 1; } &
exec 3<&-
read -r pid _ </proc/self/stat
echo "init $pid"
# As first process it is the parent of all that lose theirs; waiting buries them.
wait
