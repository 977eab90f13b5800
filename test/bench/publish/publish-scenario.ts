import type { Measurement } from "../rows.ts";
import type { Scenario } from "../scenario.ts";
import type { PublishContext } from "./context.ts";
import type { PublishRowId } from "./specs.ts";

export interface PublishScenario extends Scenario<PublishContext> {
  readonly rowIds: readonly PublishRowId[];
  run(context: PublishContext): Promise<readonly (Measurement & { readonly id: PublishRowId })[]>;
}
