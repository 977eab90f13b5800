/**
 * The parts of Kubernetes objects that this project reads. The API server has checked each object against its own
 * schema; what is not listed is still there and is passed over. Everything but names may be missing.
 * https://kubernetes.io/docs/reference/generated/kubernetes-api/
 */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  /** Opaque: only ever compared for being the same. */
  readonly resourceVersion?: string;
  /** RFC 3339, in UTC and whole seconds; set by the API server alone. */
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  /** RFC 3339; set while the object is being deleted. */
  readonly deletionTimestamp?: string;
}

export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** `namespace/name`, or `name` for what is cluster-wide. */
export function objectKey({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}
