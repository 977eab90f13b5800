import type { Story } from "../framework/story.ts";
import type { CaseContext } from "../world/context.ts";
import { cacheEventCases } from "./events/caches.ts";
import { nodeEventCases } from "./events/node.ts";
import { requestEventCases } from "./events/request.ts";
import { exampleCases } from "./examples.ts";
import { foundationCases } from "./foundation.ts";
import { isolationCases } from "./isolation.ts";
import { operationCases } from "./operations.ts";
import { taintCases } from "./taints.ts";
import { uninstallCases } from "./uninstall.ts";
import { upgradeCases } from "./upgrade.ts";

/** From nothing to an installed platform, through what its users and operators do, and back to nothing. */
export const coreStory: Story<CaseContext> = {
  name: "core",
  cases: [
    ...foundationCases,
    ...exampleCases,
    ...requestEventCases,
    ...cacheEventCases,
    ...nodeEventCases,
    ...isolationCases,
    ...operationCases,
    ...taintCases,
    ...upgradeCases,
    ...uninstallCases,
  ],
};
