import { setTimeout as sleep } from "node:timers/promises";
import { type NiphasError, toNiphasError } from "@niphas/core";
import { type BackOffInit, backOffMs } from "../back-off/back-off.ts";
import { type KubeObject, objectKey } from "../objects/kube-object.ts";
import type { Resource } from "../objects/resource.ts";
import type { KubeClient, ListOptions, Selection, WatchEvent } from "../ports.ts";
import { type Change, ObjectCache } from "./object-cache.ts";

export interface ReflectorInit<T extends KubeObject> {
  readonly resource: Resource<T>;
  /** @default all objects */
  readonly selection?: Selection;
  /**
   * What of an object is kept, or undefined to pass it over. Name, namespace, uid and resourceVersion must stay: changes
   * are told by them. @default all of all objects
   */
  readonly trim?: Required<ListOptions<T>>["trim"];
  /** Called with each change, also with those that happened while there was no connection. Must not throw. */
  readonly onChange?: (change: Change<T>) => void;
  /** Hears of each failure; the reflector goes on by itself. */
  readonly onFailure?: (error: NiphasError) => void;
  readonly backOff?: BackOffInit;
  /** All objects are listed again at the end of a watch when the last list is older: news may be lost. @default 1_800_000 */
  readonly relistAfterMs?: number;
}

/** A watch that lived for less than this, and brought nothing, has failed: else an end at once would be a busy loop. */
const MIN_WATCH_MS = 5000;
const DEFAULT_RELIST_AFTER_MS = 1_800_000;

/**
 * Keeps a copy of all objects of a selection: lists them, watches what changes, goes on from where a watch ended, and
 * lists again when the API server no longer knows that place, and from time to time. Only the latest state of an object
 * is told, not each step.
 */
export class Reflector<T extends KubeObject> {
  readonly #client: Pick<KubeClient, "list" | "watch">;
  readonly #init: ReflectorInit<T>;
  readonly #cache: ObjectCache<T>;
  readonly #synced = Promise.withResolvers<void>();
  /** Undefined when only a list can tell. */
  #resourceVersion: string | undefined;
  /** In monotonic milliseconds. */
  #listedAtMs = 0;
  #failureCount = 0;
  #failure: NiphasError | undefined;
  #isSynced: boolean = false;

  constructor(components: { readonly client: Pick<KubeClient, "list" | "watch"> }, init: ReflectorInit<T>) {
    this.#client = components.client;
    this.#init = init;
    this.#cache = new ObjectCache({ onChange: (change) => init.onChange?.(change) });
  }

  /** By `namespace/name` or `name`, as of the last news. */
  get objects(): ReadonlyMap<string, T> {
    return this.#cache.objects;
  }

  /** Whether all objects have been listed once. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Why {@link objects} may be out of date: the last failure, unless a list or watch has succeeded since. */
  get failure(): NiphasError | undefined {
    return this.#failure;
  }

  /** Resolves when all objects have been listed once. */
  async synced(): Promise<void> {
    await this.#synced.promise;
  }

  /** Works until the signal aborts; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#followOnce(signal);
      } catch (error) {
        if (!signal.aborted) this.#failed(toNiphasError(error));
      }
      if (this.#failureCount > 0) await pause(backOffMs(this.#failureCount, this.#init.backOff), signal);
    }
  }

  /** Returns when a watch has ended as watches do. */
  async #followOnce(signal: AbortSignal): Promise<void> {
    const { resource, selection } = this.#init;
    const resourceVersion = this.#placeToGoOnFrom() ?? (await this.#list(signal));
    const startedAtMs = performance.now();
    const events = await this.#client.watch(resource, { ...selection, resourceVersion }, signal);
    this.#failure = undefined;
    let eventCount = 0;
    for await (const event of events) {
      this.#take(event);
      this.#failureCount = 0;
      eventCount++;
    }
    const hasFailed = eventCount === 0 && performance.now() - startedAtMs < MIN_WATCH_MS;
    this.#failureCount = hasFailed ? this.#failureCount + 1 : 0;
  }

  #placeToGoOnFrom(): string | undefined {
    const ageMs = performance.now() - this.#listedAtMs;
    return ageMs < (this.#init.relistAfterMs ?? DEFAULT_RELIST_AFTER_MS) ? this.#resourceVersion : undefined;
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { resource, selection, trim } = this.#init;
    const options = { ...selection, ...(trim === undefined ? {} : { trim }) };
    const { items, resourceVersion } = await this.#client.list(resource, options, signal);
    this.#cache.replaceAll(items);
    this.#resourceVersion = resourceVersion;
    this.#listedAtMs = performance.now();
    this.#failure = undefined;
    this.#isSynced = true;
    this.#synced.resolve();
    return resourceVersion;
  }

  #take(event: WatchEvent<T>): void {
    if (event.type === "bookmark") {
      this.#resourceVersion = event.resourceVersion;
      return;
    }
    const { object } = event;
    const { trim } = this.#init;
    const kept = trim === undefined ? object : trim(object);
    if (event.type === "deleted" || kept === undefined) this.#cache.delete(objectKey(object));
    else this.#cache.set(kept);
    this.#resourceVersion = object.metadata.resourceVersion;
  }

  #failed(error: NiphasError): void {
    this.#failureCount++;
    this.#failure = error;
    // The place to go on from is gone, or was never one.
    if (error.code === "ApiExpired" || error.code === "ApiRefused") this.#resourceVersion = undefined;
    this.#init.onFailure?.(error);
  }
}

/** Ends early when the signal aborts. */
async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => undefined);
}
