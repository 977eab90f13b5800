import {
  NiphasError,
  type PodIdentity,
  parsePodIdentity,
  parseVolumeAttributes,
  parseVolumeId,
  type System,
  type VolumeId,
  type VolumeRequest,
} from "@niphas/core";
import { parseTargetPath } from "./target-path.ts";

/** CSI v1 NodePublishVolumeRequest as the proto loader gives it; fields that we never read are left out. */
export interface NodePublishVolumeRequest {
  readonly volume_id: string;
  readonly target_path: string;
  readonly volume_capability: VolumeCapability | null;
  readonly readonly: boolean;
  readonly volume_context: Readonly<Record<string, string>>;
}

export interface VolumeCapability {
  readonly block?: object | null;
  readonly mount?: {
    readonly fs_type: string;
    readonly mount_flags: readonly string[];
    readonly volume_mount_group: string;
  } | null;
}

/** CSI v1 NodeUnpublishVolumeRequest. */
export interface NodeUnpublishVolumeRequest {
  readonly volume_id: string;
  readonly target_path: string;
}

/** A volume and where it shows: all that Unpublish knows. */
export interface VolumeTarget {
  readonly volumeId: VolumeId;
  readonly targetPath: string;
}

/** What a publish wants, after everything hostile was refused. Secrets and tokens are not in it. */
export interface PublishRequest extends VolumeTarget {
  readonly volume: VolumeRequest;
  readonly pod: PodIdentity;
}

/** @throws NiphasError InvalidRequest */
export function parseVolumeTarget(request: NodeUnpublishVolumeRequest, kubeletDir: string): VolumeTarget {
  return {
    volumeId: parseVolumeId(request.volume_id),
    targetPath: parseTargetPath(request.target_path, kubeletDir),
  };
}

/**
 * Reads the rest of a publish request.
 * @throws NiphasError InvalidRequest, ReadOnlyRequired and what `parseVolumeAttributes` throws
 */
export function parsePublishRequest(
  request: NodePublishVolumeRequest,
  target: VolumeTarget,
  system: System,
): PublishRequest {
  refuseCapability(request.volume_capability);
  if (!request.readonly) {
    throw new NiphasError("ReadOnlyRequired", "the volume must be read-only: set readOnly: true under csi in the pod");
  }
  return { ...target, volume: parseVolumeAttributes(request.volume_context, system), pod: podOf(request) };
}

function refuseCapability(capability: VolumeCapability | null): void {
  if (capability === null) throw invalid("volume_capability is missing");
  if (capability.block) throw invalid("block volumes are not supported: use volumeMounts, not volumeDevices");
  const mount = capability.mount;
  if (!mount) throw invalid("volume_capability must ask for a mount");
  if (mount.fs_type !== "") throw invalid("fsType must not be set: the volume has no file system of its own");
  if (mount.mount_flags.length > 0) throw invalid("mount flags must not be set: the volume is always ro,nosuid,nodev");
  if (mount.volume_mount_group !== "") throw invalid("volume_mount_group must not be set: store files belong to root");
}

/** Names as Kubernetes allows them: a DNS subdomain. They reach logs and policy, so nothing else passes. */
const POD_FIELD = /^[a-z0-9][a-z0-9.-]{0,252}$/;

function podOf(request: NodePublishVolumeRequest): PodIdentity {
  const pod = parsePodIdentity(request.volume_context);
  for (const value of [pod.namespace, pod.name, pod.uid, pod.serviceAccount]) {
    if (value !== "" && !POD_FIELD.test(value)) throw invalid("the pod's identity is not in Kubernetes's form");
  }
  return pod;
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidRequest", message);
}
