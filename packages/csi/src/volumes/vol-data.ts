import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isVolumeId, type VolumeId } from "@niphas/core";
import { DRIVER_NAME } from "../constants.ts";

/**
 * The volume id that the kubelet noted beside a target in `vol_data.json`
 * (kubernetes/pkg/volume/csi/csi_mounter.go). Undefined when there is no such file or it is not about our driver.
 */
export function volumeIdBeside(targetPath: string): VolumeId | undefined {
  const data = readJson(join(dirname(targetPath), "vol_data.json"));
  if (typeof data !== "object" || data === null) return undefined;
  if (!("driverName" in data) || data.driverName !== DRIVER_NAME) return undefined;
  if (!("volumeHandle" in data) || typeof data.volumeHandle !== "string") return undefined;
  return isVolumeId(data.volumeHandle) ? data.volumeHandle : undefined;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // No file, or the kubelet was cut off while it wrote: then the kubelet itself knows nothing of the volume.
    return undefined;
  }
}
