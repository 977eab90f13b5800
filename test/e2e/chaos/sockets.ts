import { existsSync } from "node:fs";
import { waitUntil } from "@niphas/testing";
import { KUBELET_DIR } from "../oracles/node-state.ts";
import { survival } from "./survival.ts";

const CSI_DIR = `${KUBELET_DIR}/plugins/csi.niphas.io`;
const CSI_SOCKET = `${CSI_DIR}/csi.sock`;
const REGISTRATION_SOCKET = `${KUBELET_DIR}/plugins_registry/csi.niphas.io-reg.sock`;

/** On the same file system, and watched by nobody. */
const GONE = `${KUBELET_DIR}/.gone`;

const TARGETS = [
  ["the CSI socket", CSI_SOCKET],
  ["the registration socket", REGISTRATION_SOCKET],
  ["the directory of the CSI socket", CSI_DIR],
] as const;

export const socketCases = TARGETS.map(([what, path]) =>
  survival({
    name: `${what} is deleted: the plugin makes it anew`,
    nodeNumber: 1,
    disturb: async ({ context, node }) => {
      // At one stroke: what the plugin makes anew meanwhile is not to be deleted too.
      await node.exec(["mv", path, GONE], { check: true });
      await node.exec(["rm", "-rf", GONE], { check: true });
      const areBack = (): boolean =>
        [CSI_SOCKET, REGISTRATION_SOCKET].every((socket) => existsSync(node.hostPath(socket)));
      await context.progress.step("it is back", () => waitUntil("the sockets to be there", areBack));
    },
  }),
);
