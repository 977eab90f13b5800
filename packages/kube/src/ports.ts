import type { RequestOptions } from "node:https";
import type { KubeObject, OwnerReference } from "./objects/kube-object.ts";
import type { Resource } from "./objects/resource.ts";

/** Who we are to the API server, and where it is. */
export interface Credentials {
  readonly server: URL;
  /** TLS options and headers for the next request; tokens from files and helpers are as new as they should be. */
  requestOptions(): Promise<RequestOptions>;
  /** Forgets what was read: the API server said that it is not valid any more. */
  invalidate(): void;
}

export interface ObjectName {
  readonly name: string;
  /** Only for resources in namespaces. */
  readonly namespace?: string;
}

/** Which objects of a resource. */
export interface Selection {
  /** All namespaces if not given. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions<T extends KubeObject> extends Selection {
  /**
   * Called with each object as it comes: gives what of it is kept, or undefined to pass it over. Keeps memory small
   * where objects are many. @default all of all objects
   */
  readonly trim?: (object: T) => T | undefined;
}

export interface ObjectList<T extends KubeObject> {
  readonly items: readonly T[];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string;
}

export type WatchEvent<T extends KubeObject> =
  | { readonly type: "added" | "modified" | "deleted"; readonly object: T }
  /** Nothing changed up to this version. */
  | { readonly type: "bookmark"; readonly resourceVersion: string };

/** A watch that the API server has accepted. Ends when the server closes it; throws as {@link KubeClient} does. */
export type WatchStream<T extends KubeObject> = AsyncIterable<WatchEvent<T>>;

export type JsonPatchOperation =
  | { readonly op: "test" | "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

export type Patch =
  /** RFC 7386. With `metadata.resourceVersion` in it, it conflicts when the object has changed. */
  | { readonly type: "merge"; readonly body: object }
  /** RFC 6902; one that does not apply to the object as it is, as when a `test` fails, is an ApiConflict. */
  | { readonly type: "json"; readonly operations: readonly JsonPatchOperation[] }
  /** Server-side apply: what the object says is as wanted and owned by `fieldManager`; it is made if need be. */
  | {
      readonly type: "apply";
      readonly object: { readonly metadata?: NewMetadata; readonly [field: string]: unknown };
      readonly fieldManager: string;
      /** Takes fields from other managers instead of failing with ApiConflict. @default false */
      readonly force?: boolean;
    };

export interface DeleteOptions {
  /** @default the API server's, `Background` for most */
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  /** Only this very object, not one that has been made anew under its name. */
  readonly uid?: string;
}

/**
 * The API server. Every call but watch has a deadline of its own; 429 and 503 with Retry-After are waited for and tried
 * again a few times.
 * @throws NiphasError ApiDenied (401, 403), ApiNotFound (404), ApiConflict (409, failed tests of patches), ApiExpired
 * (410), ApiRefused (other 4xx), ApiUnavailable (429, 5xx, no answer), Cancelled
 */
export interface KubeClient {
  get<T extends KubeObject>(resource: Resource<T>, name: ObjectName, signal: AbortSignal): Promise<T>;
  /** All objects of the selection, fetched in chunks. */
  list<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions<T>,
    signal: AbortSignal,
  ): Promise<ObjectList<T>>;
  /** Resolves when the API server has accepted the watch. The signal ends it at any time. */
  watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions,
    signal: AbortSignal,
  ): Promise<WatchStream<T>>;
  create<T extends KubeObject>(resource: Resource<T>, object: NewObject, signal: AbortSignal): Promise<T>;
  patch<T extends KubeObject>(resource: Resource<T>, name: ObjectName, patch: Patch, signal: AbortSignal): Promise<T>;
  /** Resolves when the deletion is accepted; finalizers and containers may take longer. */
  delete<T extends KubeObject>(
    resource: Resource<T>,
    name: ObjectName,
    options: DeleteOptions,
    signal: AbortSignal,
  ): Promise<void>;
}

/** What a writer says of an object besides its name. */
export interface NewMetadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** An object to be made; its `apiVersion` and `kind` follow from the resource. */
export interface NewObject {
  readonly metadata: NewMetadata & ObjectName;
  readonly [field: string]: unknown;
}
