import type { Case } from "../framework/story.ts";
import type { CaseContext } from "../world/context.ts";
import { assertNewPodsStart, assertNothingStale, assertUnharmed, type Harm, type Scene, setScene } from "./scene.ts";

export interface Survival {
  readonly name: string;
  /** Counted from 1. */
  readonly nodeNumber: number;
  /** What happens to the node; returns when the node should be well again. */
  disturb(scene: Scene): Promise<void>;
  /** What the residents may notice. @default none */
  readonly harm?: Harm;
  readonly timeoutMs?: number;
}

/**
 * A case of the chaos story: pods live on a node, something happens to it, then they must be as before, new pods must
 * start there, and every node holds what its pods need and no more. The last is looked at again when the pods have gone.
 */
export function survival({ name, nodeNumber, disturb, harm = "none", timeoutMs }: Survival): Case<CaseContext> {
  return {
    name,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    run: async (context) => {
      const scene = await setScene(context, nodeNumber);
      await disturb(scene);
      await assertUnharmed(scene, harm);
      await assertNewPodsStart(scene);
      await assertNothingStale(scene);
    },
  };
}
