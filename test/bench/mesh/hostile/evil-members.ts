import { waitUntil } from "@niphas/testing";
import { EvilChild } from "../../../real/mesh-faults/evil/evil-child.ts";
import type { NarConductName } from "../../../real/mesh-faults/evil/nar-conducts.ts";
import type { NeighboursRig } from "../../../real/neighbours/neighbours-rig.ts";
import type { HostileMesh } from "./hostile-mesh.ts";
import { newMember, startLoneDaemon } from "./lone-daemon.ts";

const MEMBERS = ["one", "two"];

/** The daemon of the node is honest, and all its members say that they have the closure and then do this. */
export async function evilMembers(rig: NeighboursRig, nar: NarConductName): Promise<HostileMesh> {
  const { node, closure } = rig;
  await using stack = new AsyncDisposableStack();
  const places = await Promise.all(
    MEMBERS.map(async (name) => ({
      name,
      stateDir: node.directory.join(name),
      ...(await newMember(node.directory.join(name))),
    })),
  );
  const daemon = stack.use(
    await startLoneDaemon(
      rig,
      places.map(({ member }) => member),
    ),
  );
  const peers = places.map(({ name, stateDir, port }) => ({ name, stateDir, port, root: closure.root, nar }));
  const plan = { storeDir: node.source.location.rootDir, otherRoot: closure.root, members: daemon.init.members, peers };
  stack.use(await EvilChild.start(plan, node.directory.join("evil.json")));
  await waitUntil("the members to be known to have the closure", async () => {
    const { holders } = await daemon.why(closure.root.slice(11, 43));
    return holders.filter(({ hasIt }) => hasIt).length === MEMBERS.length;
  });
  const resources = stack.move();
  return { url: daemon.substituterUrl, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
