import { createHash } from "node:crypto";
import { join } from "node:path";

/** Where the kubelet keeps one inline volume of one pod. */
export interface PodVolume {
  readonly podUid: string;
  readonly volumeName: string;
  /** `csi-<sha256 of pod uid and volume name>`. */
  readonly volumeId: string;
  /** `<kubelet>/pods/<uid>/volumes/kubernetes.io~csi/<name>`; holds `vol_data.json`. */
  readonly volumeDir: string;
  /** `<volumeDir>/mount`, made by the plugin. */
  readonly targetPath: string;
}

/** Source: kubernetes pkg/volume/csi/csi_mounter.go `makeVolumeHandle`, csi_util.go. */
export function podVolume(kubeletDir: string, podUid: string, volumeName: string): PodVolume {
  const volumeDir = join(kubeletDir, "pods", podUid, "volumes/kubernetes.io~csi", volumeName);
  return {
    podUid,
    volumeName,
    volumeId: `csi-${createHash("sha256").update(`${podUid}${volumeName}`).digest("hex")}`,
    volumeDir,
    targetPath: join(volumeDir, "mount"),
  };
}
