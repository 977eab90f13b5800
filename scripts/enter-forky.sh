#!/usr/bin/env bash
# scripts/enter-forky.sh COMMAND...: runs COMMAND in the cached Debian forky root, in a mount namespace of its own.
#
# Inside: the repository, /tmp, the cache directory and each of $NIPHAS_BIND_DIRS (colon-separated) at their own paths,
# the host's /proc, /dev, /sys, name resolution and CA bundle; everything else is a throw-away layer over the root, which
# stays as it was made. Nothing is mounted outside.
# $NIPHAS_SHARED_DIR names a shared mount point of the caller's whose mounts must propagate back to the caller
# (mount --bind D D; mount --make-private D; mount --make-shared D): what COMMAND mounts below it appears there too, and is the caller's to end.
source "$(dirname "${BASH_SOURCE[0]}")/setup/common.sh"

if [ "${1:-}" != --inside ]; then
  if [ -z "${NIPHAS_FORKY_ROOT:-}" ]; then source "$cache/env"; fi
  export NIPHAS_FORKY_ROOT
  # "private" would cut the shared directory off; the steps below keep all others apart themselves.
  if [ -n "${NIPHAS_SHARED_DIR:-}" ]; then propagation=unchanged; else propagation=private; fi
  exec unshare --mount --propagation "$propagation" "${BASH_SOURCE[0]}" --inside "$PWD" "$@"
fi
cwd=$2
shift 2

# The new root and all that is mounted under it must hang below private mounts, or it would show up on the host.
make_parents_private() {
  mount --make-private /
  mount --make-private "$(findmnt --noheadings --output TARGET --target "$NIPHAS_FORKY_ROOT")"
}

layer_root() {
  local scratch=$NIPHAS_FORKY_ROOT/mnt
  mount -t tmpfs -o mode=0755 tmpfs "$scratch"
  mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
  mount -t overlay -o "lowerdir=$NIPHAS_FORKY_ROOT,upperdir=$scratch/upper,workdir=$scratch/work" overlay "$scratch/root"
  root=$scratch/root
}

bind() {
  mkdir -p "$root$1"
  mount "${2:---rbind}" "$1" "$root$1"
  mount --make-rslave "$root$1"
}

copy_file() {
  [ -e "$1" ] || return 0
  mkdir -p "$(dirname "$root$1")"
  rm -f "$root$1"
  cp -L "$1" "$root$1"
}

bind_shared() {
  findmnt --noheadings --output PROPAGATION --mountpoint "$1" | grep -q shared || {
    say "NIPHAS_SHARED_DIR=$1 is not a shared mount point"
    exit 1
  }
  # A copy that came with /tmp or another directory would show each mount twice.
  if mountpoint --quiet "$root$1"; then umount --recursive "$root$1"; fi
  mkdir -p "$root$1"
  mount --rbind "$1" "$root$1"
}

make_parents_private
layer_root
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
IFS=: read -r -a extra <<<"${NIPHAS_BIND_DIRS:-}"
case ${TMPDIR:-/tmp} in /tmp | /tmp/*) ;; *) extra+=("$TMPDIR") ;; esac
for dir in /proc /dev /sys /tmp "$repo" "${extra[@]}"; do bind "$dir"; done
# The new root itself is mounted below the cache directory: not recursive, and no copy if that is below /tmp.
if mountpoint --quiet "$root$NIPHAS_FORKY_ROOT/mnt"; then umount --recursive "$root$NIPHAS_FORKY_ROOT/mnt"; fi
bind "$cache" --bind
for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do copy_file "$file"; done
if [ -n "${NIPHAS_SHARED_DIR:-}" ]; then bind_shared "$NIPHAS_SHARED_DIR"; fi

mkdir "$root/.old-root"
cd "$root"
pivot_root . .old-root
# Private first: a lazy unmount of what is still shared would unmount it on the host.
mount --make-rprivate /.old-root
umount --lazy /.old-root
rmdir /.old-root
cd "$cwd" 2>/dev/null || cd "$repo"
export NIPHAS_IN_FORKY=1 PATH=$repo/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset NIPHAS_TOOLS_BIN
exec "$@"
