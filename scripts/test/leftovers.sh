# What a test run must not leave behind: mounts, processes, temporary files. Sourced by test.sh.

mounts_now() { awk '{ print $5 }' /proc/self/mountinfo | sort; }

# Processes that any stage started, wherever they are by now: they carry the run's mark in their environment.
marked_processes() {
  local environ
  for environ in /proc/[0-9]*/environ; do
    if grep -qzx "NIPHAS_TEST_RUN=$1" "$environ" 2>/dev/null; then basename "$(dirname "$environ")"; fi
  done
}

# Gives processes that are on their way out a moment.
lasting_processes() {
  local try pids
  for try in 1 2 3 4 5 6; do
    pids=$(marked_processes "$1")
    if [ -z "$pids" ]; then return 0; fi
    sleep 0.5
  done
  printf '%s\n' "$pids"
}

command_of() { printf 'process %s: %s\n' "$1" "$(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | cut -c1-200)"; }

# find_leftovers RUN-ID MOUNTS-BEFORE TMPDIR: one line for each; nothing if all is clean. TMPDIR was the stages' own, so
# that another run on this machine cannot be taken for this one.
find_leftovers() {
  local pid
  for pid in $(lasting_processes "$1"); do
    command_of "$pid"
    kill -KILL "$pid" 2>/dev/null || true
  done
  comm -13 "$2" <(mounts_now) | sed 's/^/mount: /'
  find "$3" -mindepth 1 -maxdepth 1 -printf 'temporary: %p\n'
}
