import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { mountsAt } from "../mounts/mount-table.ts";
import { type PodVolume, podVolume } from "./pod-volume.ts";

const FILE_NAME = "vol_data.json";
const DIRECTORY_MODE = 0o750;

/** What the kubelet keeps on disk to find a volume again after its own restart. */
export interface VolumeData {
  readonly volumeHandle: string;
  readonly driverName: string;
}

/** Makes the volume's directory and `vol_data.json`, but not the target. Source: csi_mounter.go, csi_util.go. */
export function saveVolumeData(volume: PodVolume, driverName: string, nodeName: string): void {
  mkdirSync(volume.volumeDir, { recursive: true, mode: DIRECTORY_MODE });
  const data = {
    attachmentID: "",
    driverName,
    nodeName,
    specVolID: volume.volumeName,
    volumeHandle: volume.volumeId,
    volumeLifecycleMode: "Ephemeral",
  };
  writeFileSync(join(volume.volumeDir, FILE_NAME), JSON.stringify(data));
}

/** Every volume of every pod directory that still has its `vol_data.json`. */
export function volumesOnDisk(kubeletDir: string): readonly (VolumeData & { readonly volume: PodVolume })[] {
  return entries(join(kubeletDir, "pods")).flatMap((podUid) =>
    entries(join(kubeletDir, "pods", podUid, "volumes/kubernetes.io~csi")).flatMap((name) => {
      const volume = podVolume(kubeletDir, podUid, name);
      const data = readVolumeData(volume);
      return data === undefined ? [] : [{ ...data, volume }];
    }),
  );
}

/**
 * Takes away target, `vol_data.json` and the volume's directory, each as an empty directory or a single file; leaves
 * everything when something is mounted. Source: csi_mounter.go `removeMountDir`.
 * @returns why it could not, or undefined
 */
export function removeMountDir(volume: PodVolume): string | undefined {
  if (mountsAt(volume.targetPath).length > 0) return undefined;
  try {
    removeEmptyDirectory(volume.targetPath);
    rmSync(join(volume.volumeDir, FILE_NAME), { force: true });
    removeEmptyDirectory(volume.volumeDir);
    return undefined;
  } catch (error) {
    return `failed to remove ${dirname(volume.targetPath)}: ${String(error)}`;
  }
}

/** Removes what is left of a pod's directory once its volumes are gone; never anything with content. */
export function removePodDir(kubeletDir: string, podUid: string): void {
  for (const path of ["volumes/kubernetes.io~csi", "volumes", ""]) {
    removeEmptyDirectory(join(kubeletDir, "pods", podUid, path));
  }
}

function readVolumeData(volume: PodVolume): VolumeData | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(volume.volumeDir, FILE_NAME), "utf8"));
    return isVolumeData(value) ? value : undefined;
  } catch {
    // As the kubelet: a volume without readable data cannot be reconstructed.
    return undefined;
  }
}

function isVolumeData(value: unknown): value is VolumeData {
  return typeof value === "object" && value !== null && "volumeHandle" in value && "driverName" in value;
}

function entries(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    // ENOENT: no such pod or no CSI volume.
    return [];
  }
}

function removeEmptyDirectory(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
