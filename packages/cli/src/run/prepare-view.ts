import type { StorePath } from "@niphas/core";
import { storeLayout } from "@niphas/nix";
import type { EnterView } from "../enter/enter-spec.ts";
import type { StoreSession } from "../store/store-session.ts";
import { acquireCachedView } from "./cached-view.ts";

export interface PreparedView {
  readonly enter: EnterView;
  /** Call when the program runs, or will not. */
  release(): Promise<void>;
}

export interface ViewInput {
  readonly store: StoreSession;
  readonly roots: readonly StorePath[];
  readonly stateDir: string;
  readonly isRoot: boolean;
}

/**
 * Root gets the node plugin's views, kept for the next run; ordinary users,
 * and root where those cannot be made, a bind farm inside the program's namespace.
 */
export async function prepareView(input: ViewInput, signal: AbortSignal): Promise<PreparedView> {
  const held = input.isRoot ? await acquireCachedView({ ...input, signal }) : undefined;
  if (held !== undefined) {
    return { enter: { kind: "directory", rootDir: held.rootDir }, release: () => held.release() };
  }
  const closure = await input.store.closure(input.roots, signal);
  const plan = {
    layout: "store",
    roots: input.roots,
    links: [],
    closure,
    physicalStoreDir: storeLayout(input.store.location).storeDir,
  } as const;
  return { enter: { kind: "farm", plan }, release: async () => undefined };
}
