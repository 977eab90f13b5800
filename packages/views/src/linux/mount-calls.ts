import { check, errno, libcFunctions } from "./native.ts";
import { SystemError } from "./system-error.ts";

/**
 * System calls on mounts. Everything is synchronous and takes microseconds;
 * each function throws {@link SystemError} when the kernel says no.
 * Numbers and flags are those of include/uapi/linux/{mount,stat,fcntl}.h, equal on every 64-bit architecture.
 */

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;
export const AT_RECURSIVE = 0x8000;

export const OPEN_TREE_CLONE = 0x1;
export const OPEN_TREE_CLOEXEC = 0o2000000;

/** Without a MOVE_MOUNT_T_SYMLINKS the last component of the target is not followed. */
export const MOVE_MOUNT_F_EMPTY_PATH = 0x4;

export const MOUNT_ATTR_RDONLY = 0x1;
export const MOUNT_ATTR_NOSUID = 0x2;
export const MOUNT_ATTR_NODEV = 0x4;
export const MOUNT_ATTR_NOEXEC = 0x8;

export const MS_RDONLY = 0x1;
export const MS_NOSUID = 0x2;
export const MS_NODEV = 0x4;
export const MS_NOEXEC = 0x8;
export const MS_BIND = 0x1000;
export const MS_REC = 0x4000;
export const MS_PRIVATE = 0x40000;

export const MNT_DETACH = 0x2;
export const UMOUNT_NOFOLLOW = 0x8;

export const STATX_BASIC_STATS = 0x7ff;
export const STATX_ATTR_MOUNT_ROOT = 0x2000;

/** `ST_RDONLY` in `f_flags` of statfs(2): the file system or this mount of it is read-only. */
export const ST_RDONLY = 0x1;

const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_MOUNT_SETATTR = 442;

const MOUNT_ATTR_SIZE_BYTES = 32;
const STATX_SIZE_BYTES = 256;
const STATFS_SIZE_BYTES = 256;

const ENOENT = 2;
const ENOTDIR = 20;

export interface FileIdentity {
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly inode: bigint;
  readonly isMountRoot: boolean;
}

export function openTree(path: string, flags: number): number {
  return check("open_tree", functions().openTree(SYS_OPEN_TREE, AT_FDCWD, path, flags | OPEN_TREE_CLOEXEC));
}

/** Sets `attributes`, and the propagation when given, on the mount behind `fd` or (with path) at `path`. */
export function mountSetAttributes(
  fd: number,
  path: string,
  flags: number,
  change: { readonly set: number; readonly propagation?: number },
): void {
  const attr = Buffer.alloc(MOUNT_ATTR_SIZE_BYTES);
  attr.writeBigUInt64LE(BigInt(change.set), 0);
  attr.writeBigUInt64LE(BigInt(change.propagation ?? 0), 16);
  const result = functions().mountSetattr(SYS_MOUNT_SETATTR, fd, path, flags, attr, MOUNT_ATTR_SIZE_BYTES);
  check("mount_setattr", result);
}

/** Attaches the detached mount behind `fd` at `target`, whose last component is not followed. */
export function moveMount(fd: number, target: string): void {
  check("move_mount", functions().moveMount(SYS_MOVE_MOUNT, fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH));
}

export function mount(source: string, target: string, type: string | null, flags: number, data: string | null): void {
  check("mount", functions().mount(source, target, type, flags, data));
}

export function unmount(target: string, flags: number): void {
  check("umount2", functions().umount2(target, flags));
}

export function pivotRoot(newRoot: string, putOld: string): void {
  check("pivot_root", functions().pivotRoot(newRoot, putOld));
}

/**
 * Links are not followed and automounts not triggered. Undefined when nothing has that name: each publish asks for a
 * target that is not there yet, and an exception costs many times the call.
 */
export function statxIdentity(path: string): FileIdentity | undefined {
  const buffer = Buffer.alloc(STATX_SIZE_BYTES);
  const flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  const result = functions().statx(AT_FDCWD, path, flags, STATX_BASIC_STATS, buffer);
  if (result < 0 && [ENOENT, ENOTDIR].includes(errno())) return undefined;
  check("statx", result);
  const known = buffer.readUInt32LE(56);
  // Before Linux 5.8 the attribute is not reported at all; "not a mount" would then be a lie.
  if ((known & STATX_ATTR_MOUNT_ROOT) === 0) throw new SystemError("statx", 95);
  return {
    deviceMajor: buffer.readUInt32LE(136),
    deviceMinor: buffer.readUInt32LE(140),
    inode: buffer.readBigUInt64LE(32),
    isMountRoot: (buffer.readUInt32LE(8) & STATX_ATTR_MOUNT_ROOT) !== 0,
  };
}

/** `f_flags` of statfs(2), which unites the flags of mount and superblock. */
export function fileSystemFlags(path: string): number {
  const buffer = Buffer.alloc(STATFS_SIZE_BYTES);
  check("statfs", functions().statfs(path, buffer));
  return buffer.readUInt32LE(80);
}

export function closeFd(fd: number): void {
  check("close", functions().close(fd));
}

interface Functions {
  readonly openTree: (number: number, dirFd: number, path: string, flags: number) => number;
  readonly mountSetattr: (
    number: number,
    dirFd: number,
    path: string,
    flags: number,
    attr: Buffer,
    sizeBytes: number,
  ) => number;
  readonly moveMount: (
    number: number,
    fromFd: number,
    fromPath: string,
    toFd: number,
    toPath: string,
    flags: number,
  ) => number;
  readonly mount: (source: string, target: string, type: string | null, flags: number, data: string | null) => number;
  readonly umount2: (target: string, flags: number) => number;
  readonly pivotRoot: (newRoot: string, putOld: string) => number;
  readonly statx: (dirFd: number, path: string, flags: number, mask: number, buffer: Buffer) => number;
  readonly statfs: (path: string, buffer: Buffer) => number;
  readonly close: (fd: number) => number;
}

const functions = libcFunctions<Functions>((libc) => ({
  openTree: libc.func("int syscall(long number, long dirFd, str path, unsigned int flags)"),
  mountSetattr: libc.func(
    "int syscall(long number, long dirFd, str path, unsigned int flags, const void *attr, size_t size)",
  ),
  moveMount: libc.func(
    "int syscall(long number, long fromFd, str fromPath, long toFd, str toPath, unsigned int flags)",
  ),
  mount: libc.func("int mount(str source, str target, str type, unsigned long flags, str data)"),
  umount2: libc.func("int umount2(str target, int flags)"),
  pivotRoot: libc.func("int pivot_root(str newRoot, str putOld)"),
  statx: libc.func("int statx(int dirFd, str path, int flags, unsigned int mask, _Out_ uint8_t *buffer)"),
  statfs: libc.func("int statfs(str path, _Out_ uint8_t *buffer)"),
  close: libc.func("int close(int fd)"),
}));
