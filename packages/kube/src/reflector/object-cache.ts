import { type KubeObject, objectKey } from "../objects/kube-object.ts";

/** An object has appeared, changed or gone. */
export interface Change<T extends KubeObject> {
  /** `namespace/name`, or `name`. */
  readonly key: string;
  /** As it is now; undefined when it has gone. */
  readonly object: T | undefined;
  /** As it was last seen; undefined when it is new. */
  readonly previous: T | undefined;
}

/** The objects of a resource as last seen, by key. Tells of each change once, whatever order the news come in. */
export class ObjectCache<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #onChange: (change: Change<T>) => void;

  constructor(init: { readonly onChange: (change: Change<T>) => void }) {
    this.#onChange = init.onChange;
  }

  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  set(object: T): void {
    const key = objectKey(object);
    const previous = this.#objects.get(key);
    if (previous !== undefined && isSame(previous, object)) return;
    // Made anew under the same name: whoever holds something for the old one must hear of its end.
    if (previous !== undefined && previous.metadata.uid !== object.metadata.uid) this.delete(key);
    this.#objects.set(key, object);
    this.#onChange({ key, object, previous: previous?.metadata.uid === object.metadata.uid ? previous : undefined });
  }

  delete(key: string): void {
    const previous = this.#objects.get(key);
    if (previous === undefined) return;
    this.#objects.delete(key);
    this.#onChange({ key, object: undefined, previous });
  }

  /** From now on there are these objects and no others. */
  replaceAll(objects: readonly T[]): void {
    const keys = new Set(objects.map(objectKey));
    for (const key of [...this.#objects.keys()]) {
      if (!keys.has(key)) this.delete(key);
    }
    for (const object of objects) this.set(object);
  }
}

function isSame<T extends KubeObject>({ metadata: a }: T, { metadata: b }: T): boolean {
  return a.uid === b.uid && a.resourceVersion === b.resourceVersion;
}
