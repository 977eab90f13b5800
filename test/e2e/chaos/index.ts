import { foundationCases } from "../core/foundation.ts";
import type { Story } from "../framework/story.ts";
import type { CaseContext } from "../world/context.ts";
import { clockCases } from "./clock.ts";
import { containerCases } from "./containers.ts";
import { diskCases } from "./disk.ts";
import { podCases } from "./pods.ts";
import { processCases } from "./processes.ts";
import { rebootCases } from "./reboot.ts";
import { recordCases } from "./records.ts";
import { socketCases } from "./sockets.ts";
import { viewCases } from "./views.ts";

/**
 * What can go wrong on a node, really done to it. After each case the pods that lived there are as before, new ones
 * start, and nothing stale remains on any node.
 */
export const chaosStory: Story<CaseContext> = {
  name: "chaos",
  cases: [
    ...foundationCases,
    ...podCases,
    ...processCases,
    ...containerCases,
    ...socketCases,
    ...viewCases,
    ...recordCases,
    ...diskCases,
    ...rebootCases,
    ...clockCases,
  ],
};
