import { imagesCase } from "../core/foundation.ts";
import { cleanUninstallCase } from "../core/uninstall.ts";
import type { Story } from "../framework/story.ts";
import type { CaseContext } from "../world/context.ts";
import { fromPeersCase } from "./from-peers.ts";
import { outageCases } from "./outages.ts";
import { progressCases } from "./progress.ts";
import { registrationCases } from "./registration.ts";
import { spreadCase } from "./spread.ts";

/** Nodes that get store paths from each other: upstream is asked once, need not be there, and no node needs the mesh. */
export const meshStory: Story<CaseContext> = {
  name: "mesh",
  cases: [
    imagesCase,
    ...registrationCases,
    spreadCase,
    fromPeersCase,
    ...progressCases,
    ...outageCases,
    cleanUninstallCase,
  ],
};
