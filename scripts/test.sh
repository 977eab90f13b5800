#!/usr/bin/env bash
# npm test: set-up, static checks, unit tests, then the real tests on the host's Nix and on the forky root's newer one.
#
#   npm test -- [--unit | --host | --forky] [--filter TEXT]
#
#   --unit     checks and unit tests only      --host, --forky   real tests on that Nix only
#   --filter   only test files whose path contains TEXT
#
# What cannot run here is named with its reason. The last line is "N passed, N failed, N skipped"; the exit code is 0 only
# if nothing failed. Real tests run in a mount namespace of their own; what they leave behind fails the run.
source "$(dirname "${BASH_SOURCE[0]}")/setup/common.sh"
source "$repo/scripts/test/leftovers.sh"
cd "$repo"

stages=(check unit host forky)
filter=()
while [ $# -gt 0 ]; do
  case $1 in
    --unit) stages=(check unit) ;;
    --host) stages=(host) ;;
    --forky) stages=(forky) ;;
    --filter) filter=("${2:?--filter needs a text}" --passWithNoTests); shift ;;
    *) say "unknown option $1 (there are --unit, --host, --forky, --filter TEXT)"; exit 2 ;;
  esac
  shift
done

setup_status=0
"$repo/scripts/setup.sh" || setup_status=$?
if [ "$setup_status" -ne 0 ] && [ "$setup_status" -ne 3 ]; then exit "$setup_status"; fi
if [ -e "$cache/env" ]; then source "$cache/env"; fi
# On a machine that has everything, a real test that cannot run has failed.
if [ "$setup_status" -eq 0 ] && is_root; then export NIPHAS_REQUIRE_REAL=1; fi
export NIPHAS_CACHE_DIR=$cache PATH=$repo/node_modules/.bin:${NIPHAS_TOOLS_BIN:+$NIPHAS_TOOLS_BIN:}$PATH

run_id=$$-$EPOCHREALTIME
reports=$(mktemp -d /tmp/nr-XXXXXX)
# Short: unix socket paths may have 107 characters.
scratch=$(mktemp -d /tmp/nt-XXXXXX)
chmod 1777 "$scratch" # ordinary users, as whom some tests run, must reach what is theirs in it
# Most of what tests do is to start Node.js: what it compiles once it need not compile again.
export NODE_COMPILE_CACHE=$reports/compile-cache
# A stage runs in the background and is waited for, so that a signal ends it at once.
stop_stages() {
  local running
  running=$(jobs -p)
  if [ -n "$running" ]; then kill $running 2>/dev/null; wait; fi
}
trap 'stop_stages || true; rm -rf --one-file-system "$reports" "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# json_report FILE STAGE PASSED FAILED-LINES SKIPPED-NAME SKIPPED-REASON
json_report() {
  node -e 'const [file, stage, passed, failed, name, reason] = process.argv.slice(1);
    const skipped = name ? [{ name, reason }] : [];
    require("node:fs").writeFileSync(file, JSON.stringify({ stage, passed: Number(passed), failed: failed.split("\n").filter(Boolean), skipped }));' \
    "$reports/$1.json" "${@:2}"
}

heading() { printf '\n== %s\n' "$*"; }

not_run() {
  heading "$1: not run: $2"
  json_report "$1" "$1" 0 '' 'the whole stage' "$2"
}

# run_tests NAME TITLE PROJECT [WRAPPER...]: one vitest run; a run that dies without a report has failed too.
run_tests() {
  local name=$1 title=$2 project=$3 report=$reports/$1.json status=0
  shift 3
  heading "$title"
  timeout --foreground --kill-after=30 1800 \
    env "NIPHAS_TEST_RUN=$run_id" "NIPHAS_TEST_STAGE=$title" "NIPHAS_TEST_REPORT=$report" "TMPDIR=$scratch" \
    "$@" vitest run --project "$project" --reporter=default --reporter=./scripts/test/reporter.ts "${filter[@]}" &
  wait "$!" || status=$?
  if [ ! -e "$report" ]; then
    json_report "$name" "$title" 0 "no report; vitest ended with exit code $status"
  elif [ "$status" -ne 0 ] && grep -q '"failed":\[\]' "$report"; then
    json_report "$name-exit" "$title" 0 "vitest ended with exit code $status"
  fi
}

stage_check() {
  heading 'biome, TypeScript, import direction'
  if npm run --silent check; then json_report check check 1 ''; else json_report check check 0 'npm run check'; fi
}

stage_unit() { run_tests unit unit unit; }

stage_host() {
  if ! is_root; then not_run host 'needs root: mounts and a Nix store of its own'; return 0; fi
  if ! command -v nix >/dev/null; then not_run host 'needs Nix on PATH'; return 0; fi
  run_tests host "real, $(nix --version)" real unshare --mount --propagation private
}

stage_forky() {
  if ! is_root; then not_run forky 'needs root: mounts and a Nix store of its own'; return 0; fi
  if [ ! -d "${NIPHAS_FORKY_ROOT:-}" ]; then not_run forky 'needs the Debian forky root that set-up makes on Debian 12'; return 0; fi
  run_tests forky "real, $(scripts/enter-forky.sh nix --version)" real scripts/enter-forky.sh
}

stage_leftovers() {
  local left
  left=$(find_leftovers "$run_id" "$scratch")
  if [ -z "$left" ]; then return 0; fi
  heading 'left behind'
  printf '%s\n' "$left"
  json_report leftovers leftovers 0 "$left"
}

# The two real stages share nothing and mostly wait, so both at once take little longer than one. Each prints in one piece.
run_real_stages() {
  { trap 'kill $(jobs -p) 2>/dev/null' TERM; stage_forky; } >"$reports/forky.log" 2>&1 &
  local forky=$!
  stage_host
  wait "$forky" || true
  cat "$reports/forky.log"
}

for stage in "${stages[@]}"; do
  case "$stage ${stages[*]}" in
    host*forky*) run_real_stages ;;
    forky*host*) ;;
    *) "stage_$stage" ;;
  esac
done
stage_leftovers
heading result
node scripts/test/summary.ts "$reports"
