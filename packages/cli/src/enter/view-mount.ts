import { assembleBindFarm, bindMount } from "@niphas/views";
import type { EnterView } from "./enter-spec.ts";

/** Shows the view at `storeDir`, read-only, and nothing else there. */
export function mountView(view: EnterView, storeDir: string): void {
  if (view.kind === "directory") bindMount(view.rootDir, storeDir);
  else assembleBindFarm(view.plan, storeDir);
}
