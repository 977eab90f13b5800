#!/bin/bash
# First process of a machine: builds the machine's file systems inside new namespaces, enters them and stays as their init.
#
# Started by machine.ts as `unshare --mount --pid --net --uts --ipc --cgroup --fork bash init.sh` with these variables:
#   MACHINE_DIR   its directory on the host      MACHINE_NAME  host name        MACHINE_ROOT  lower layer of its root
#   MACHINE_BIN   the Kubernetes binary          MACHINE_DATA  directories kept on the system disk
#   MACHINE_DISK  directory with a disk of its own, if any (image: data.img)
# All mounts are made in the machine's own mount namespace and end with its last process.
set -euo pipefail

dir=$MACHINE_DIR
root=$dir/root
programs=(crictl kubectl kubelet kube-apiserver kube-controller-manager kube-proxy kube-scheduler)
# The kubelet sets these for the whole kernel; it gets files that take its word, and the host stays as it is.
global_sysctls=(vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes)

# /proc is still the host's, so it shows this process by the host's number.
read -r pid _ </proc/self/stat
printf '%s\n' "$pid" >"$dir/init.pid"

tmpfs() { mount -t tmpfs -o "mode=$2" tmpfs "$1"; }

mount_root() {
  local path
  mkdir -p "$dir/system" "$root"
  mount -o loop "$dir/system.img" "$dir/system"
  mkdir -p "$dir/system"/{upper,work}
  mount -t overlay -o "lowerdir=$MACHINE_ROOT,upperdir=$dir/system/upper,workdir=$dir/system/work" machine "$root"
  for path in $MACHINE_DATA; do
    mkdir -p "$dir/system/data$path" "$root$path"
    mount --bind "$dir/system/data$path" "$root$path"
  done
  if [ -n "$MACHINE_DISK" ]; then
    mkdir -p "$root$MACHINE_DISK"
    mount -o loop "$dir/data.img" "$root$MACHINE_DISK"
  fi
}

mount_devices() {
  local device dev=$root/dev
  tmpfs "$dev" 0755
  for device in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0' 'fuse 10 229' 'kmsg 1 11'; do
    read -r name major minor <<<"$device"
    mknod -m 0666 "$dev/$name" c "$major" "$minor"
  done
  mkdir "$dev"/{pts,shm,mqueue}
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$dev/pts"
  tmpfs "$dev/shm" 1777
  mount -t mqueue mqueue "$dev/mqueue"
  ln -s pts/ptmx "$dev/ptmx"
  ln -s /proc/self/fd "$dev/fd"
  ln -s /proc/self/fd/0 "$dev/stdin"
  ln -s /proc/self/fd/1 "$dev/stdout"
  ln -s /proc/self/fd/2 "$dev/stderr"
}

# Version 1 has a hierarchy for each controller, version 2 one for all. The cgroup namespace makes the machine's own the root.
mount_cgroups() {
  local controllers cgroup=$root/sys/fs/cgroup
  if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
    mount -t cgroup2 cgroup2 "$cgroup"
    return
  fi
  tmpfs "$cgroup" 0755
  while IFS=: read -r _ controllers _; do
    if [ -z "$controllers" ]; then continue; fi
    mkdir "$cgroup/${controllers#name=}"
    case $controllers in
      name=*) mount -t cgroup -o "none,$controllers" cgroup "$cgroup/${controllers#name=}" ;;
      *,*) mount -t cgroup -o "$controllers" cgroup "$cgroup/$controllers"
        for name in ${controllers//,/ }; do ln -s "$controllers" "$cgroup/$name"; done ;;
      *) mount -t cgroup -o "$controllers" cgroup "$cgroup/$controllers" ;;
    esac
  done </proc/self/cgroup
}

mount_kernel() {
  local name copy
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys"
  mount_cgroups
  mount_devices
  tmpfs "$root/run" 0755
  tmpfs "$root/tmp" 1777
  for name in "${global_sysctls[@]}"; do
    copy=$root/run/sysctl/$name
    if [ ! -e "$root/proc/sys/$name" ]; then continue; fi
    mkdir -p "$(dirname "$copy")"
    cat "$root/proc/sys/$name" >"$copy"
    mount --bind "$copy" "$root/proc/sys/$name"
  done
  # A container with a user namespace may mount a /proc only where one is in sight of which nothing is covered.
  mkdir "$root/run/proc"
  mount -t proc proc "$root/run/proc"
}

bind_from_host() {
  local name
  mkdir -p "$root"/etc/niphas-cluster "$root"/var/log/niphas-cluster
  mount --bind "$dir/etc" "$root/etc/niphas-cluster"
  mount -o remount,bind,ro "$root/etc/niphas-cluster"
  mount --bind "$dir/log" "$root/var/log/niphas-cluster"
  touch "$root/usr/local/bin/kubernetes"
  mount --bind "$MACHINE_BIN" "$root/usr/local/bin/kubernetes"
  mount -o remount,bind,ro "$root/usr/local/bin/kubernetes"
  for name in "${programs[@]}"; do ln -sf kubernetes "$root/usr/local/bin/$name"; done
}

write_identity() {
  hostname "$MACHINE_NAME"
  printf '%s\n' "$MACHINE_NAME" >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$MACHINE_NAME" >"$root/etc/hosts"
  : >"$root/etc/resolv.conf"
  printf '%s' "$dir" | md5sum | cut -c1-32 >"$root/etc/machine-id"
}

set_network_options() {
  local net=$root/proc/sys/net
  echo 1 >"$net/ipv4/ip_forward"
  # Frames between nodes are not the business of the bridge's own packet filter.
  if [ -e "$net/bridge/bridge-nf-call-iptables" ]; then echo 0 >"$net/bridge/bridge-nf-call-iptables"; fi
}

enter_root() {
  mkdir -p "$root/.host"
  cd "$root"
  pivot_root . .host
  # Private first: a lazy unmount of what is still shared would unmount it on the host.
  mount --make-rprivate /.host
  umount --lazy /.host
  rmdir /.host
  mount --make-rshared /
}

mount --make-rprivate /
mount_root
mount_kernel
bind_from_host
write_identity
set_network_options
enter_root
cd /
exec /usr/bin/catatonit -P
