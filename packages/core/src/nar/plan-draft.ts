import { NiphasError } from "../errors.ts";
import { NarPlan } from "./plan.ts";
import { layOut } from "./plan-layout.ts";
import { ENTRY_KIND } from "./plan-tables.ts";
import { NarTree } from "./tree.ts";

/**
 * A tree whose files' sizes are still to be looked up: threads that share its buffer can do so together, each for some
 * of the entries. It becomes the plan, in the same buffer.
 */
export class NarPlanDraft extends NarTree {
  isFile(entry: number): boolean {
    const kind = this.tables.kinds[entry];
    return kind === ENTRY_KIND.file || kind === ENTRY_KIND.executable;
  }

  /** @throws NiphasError BadBytes for a size that no file has */
  measure(entry: number, file: { readonly sizeBytes: number; readonly isExecutable: boolean }): void {
    if (!(Number.isSafeInteger(file.sizeBytes) && file.sizeBytes >= 0)) {
      throw new NiphasError("BadBytes", "this tree has no NAR: a file's size is not a whole number");
    }
    this.tables.sizes[entry] = file.sizeBytes;
    this.tables.kinds[entry] = file.isExecutable ? ENTRY_KIND.executable : ENTRY_KIND.file;
  }

  /** Call when every file was measured. @throws NiphasError BadBytes when one was not, or all are too large */
  finish(): NarPlan {
    layOut(this.tables);
    return new NarPlan(this.buffer);
  }
}
