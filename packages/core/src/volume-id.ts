import { NiphasError } from "./errors.ts";

/** `csi-<64 hex>`, as the kubelet makes it from pod uid and volume name. Made only by {@link parseVolumeId}. */
export type VolumeId = string & { readonly __brand: "VolumeId" };

/** True for what {@link parseVolumeId} takes; for directory listings. */
export function isVolumeId(text: string): text is VolumeId {
  return /^csi-[0-9a-f]{64}$/.test(text);
}

/** @throws NiphasError InvalidRequest */
export function parseVolumeId(text: string): VolumeId {
  if (text === "") throw new NiphasError("InvalidRequest", "volume_id is missing");
  if (!isVolumeId(text)) {
    throw new NiphasError("InvalidRequest", "volume_id must be csi-<64 hex characters>, as the kubelet makes it");
  }
  return text;
}
