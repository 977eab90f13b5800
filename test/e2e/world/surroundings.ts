import type { CaseProgress, Surroundings } from "../framework/story.ts";
import { Kubectl } from "../kubernetes/kubectl.ts";
import { Namespace } from "../kubernetes/namespace.ts";
import { faultsAfterSettling, SETTLE_TIMEOUT_MS } from "../oracles/settled.ts";
import type { CaseContext, World } from "./context.ts";
import { diagnose } from "./diagnosis.ts";

const MAX_SLUG_LENGTH = 30;

/** Around each case: a namespace of its own before it, a healthy cache and clean nodes after it. */
export class CaseSurroundings implements Surroundings<CaseContext> {
  readonly #world: World;
  /** Namespaces of another run on the same cluster may still be there. */
  readonly #run = Date.now().toString(36).slice(-5);
  #count = 0;

  constructor(world: World) {
    this.#world = world;
  }

  async enter(caseName: string, progress: CaseProgress, signal: AbortSignal): Promise<CaseContext> {
    const kubectl = new Kubectl(this.#world.cluster, { signal });
    this.#count++;
    const namespace = await Namespace.create(namespaceName(`${this.#run}-${this.#count}`, caseName), kubectl, signal);
    return { ...this.#world, namespace, kubectl, progress, signal };
  }

  /** With a signal of its own: a case that ran out of time is cleaned up all the same. */
  async leave({ namespace, cache, progress }: CaseContext): Promise<readonly string[]> {
    const signal = AbortSignal.timeout(2 * SETTLE_TIMEOUT_MS);
    const kubectl = new Kubectl(this.#world.cluster, { signal });
    await cache.restore();
    await Namespace.existing(namespace.name, kubectl, signal).remove();
    return faultsAfterSettling({ cluster: this.#world.cluster, kubectl, progress, signal });
  }

  async diagnose(context: CaseContext): Promise<string> {
    const kubectl = new Kubectl(this.#world.cluster, { signal: AbortSignal.timeout(SETTLE_TIMEOUT_MS) });
    return diagnose({ ...context, kubectl });
  }
}

/** `e2e-x7k2p-7-a-pod-with-an-inline-volume` */
export function namespaceName(id: string, caseName: string): string {
  const slug = caseName.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return `e2e-${id}-${slug.slice(0, MAX_SLUG_LENGTH)}`.replace(/-+$/, "");
}
