import { dropPrivileges } from "@niphas/views";

/**
 * What container runtimes leave to root (numbers of linux/capability.h), but
 * for CAP_MKNOD: no device cgroup stands behind it here.
 */
export const CONTAINER_CAPABILITIES: readonly number[] = [
  0, // CAP_CHOWN
  1, // CAP_DAC_OVERRIDE
  3, // CAP_FOWNER
  4, // CAP_FSETID
  5, // CAP_KILL
  6, // CAP_SETGID
  7, // CAP_SETUID
  8, // CAP_SETPCAP
  10, // CAP_NET_BIND_SERVICE
  13, // CAP_NET_RAW
  18, // CAP_SYS_CHROOT
  29, // CAP_AUDIT_WRITE
  31, // CAP_SETFCAP
];

/**
 * Takes privileges away for good: root keeps {@link CONTAINER_CAPABILITIES}, an
 * ordinary user none. no_new_privs holds for both.
 * @throws NiphasError MountFailed
 */
export function dropToContainerPrivileges(isRoot: boolean): void {
  dropPrivileges(isRoot ? CONTAINER_CAPABILITIES : []);
}
