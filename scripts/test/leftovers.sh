# What a test run must not leave behind: mounts, loop devices, processes, temporary files. Sourced by test.sh.
# All that a run makes is below its own directory or carries its mark, so that nothing of another process on this machine
# is ever taken for it.

# Processes that any stage started, wherever they are by now: they carry the run's mark in their environment, or were
# started with an environment of their own and name the run's directory.
processes_of_run() {
  local process
  for process in /proc/[0-9]*; do
    if grep -qzx "NIPHAS_TEST_RUN=$1" "$process/environ" 2>/dev/null || names_directory "$process" "$2"; then
      basename "$process"
    fi
  done
}

# The pattern is on standard input: an argument would make grep find itself.
names_directory() { grep -qF --file=- "$1/cmdline" 2>/dev/null <<<"$2/"; }

# Gives processes that are on their way out a while.
lasting_processes() {
  local pids end=$((SECONDS + 15))
  while pids=$(processes_of_run "$@") && [ "$SECONDS" -lt "$end" ]; do
    if [ -z "$pids" ]; then return 0; fi
    sleep 0.5
  done
  printf '%s\n' "$pids"
}

# Stages run in mount namespaces of their own; what shows here has leaked.
mounts_of_run() {
  awk -v dir="$1/" -v root="${NIPHAS_FORKY_ROOT:-none}/" '
    index($5 "/", dir) == 1 || index($5 "/", root) == 1 || $5 == "/proc/sys/kernel/random/boot_id" { print "mount: " $5 }
  ' /proc/self/mountinfo
}

loop_devices_of_run() {
  if ! command -v losetup >/dev/null; then return 0; fi
  losetup --list --noheadings --output NAME,BACK-FILE | grep -F " $1/" | sed 's/^/loop device: /' || true
}

command_of() { printf 'process %s: %s\n' "$1" "$(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | cut -c1-200)"; }

# find_leftovers RUN-ID TMPDIR: one line for each; nothing if all is clean. TMPDIR was the stages' own.
find_leftovers() {
  local pid
  for pid in $(lasting_processes "$1" "$2"); do
    command_of "$pid"
    kill -KILL "$pid" 2>/dev/null || true
  done
  mounts_of_run "$2"
  loop_devices_of_run "$2"
  find "$2" -mindepth 1 -maxdepth 1 -printf 'temporary: %p\n'
}
