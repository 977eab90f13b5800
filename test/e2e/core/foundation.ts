import { isDeepStrictEqual } from "node:util";
import { waitUntil } from "@niphas/testing";
import type { Case } from "../framework/story.ts";
import { DRIVER_NAME } from "../kubernetes/objects.ts";
import type { CaseContext } from "../world/context.ts";
import { buildImages, readImages } from "../world/images.ts";
import { writePublicImage } from "../world/public-image.ts";
import { addStartupTaint, withoutStartupTaint } from "./taints.ts";

const BUILD_TIMEOUT_MS = 1_200_000;

/** Images from the present sources on the nodes. */
export const imagesCase: Case<CaseContext> = {
  name: "the images are built and loaded",
  isFoundation: true,
  timeoutMs: BUILD_TIMEOUT_MS,
  run: async (context) => context.images.ensure(async () => loadImages(context)),
};

/** What every story begins with: images on the nodes, and the chart installed. */
export const foundationCases: readonly Case<CaseContext>[] = [
  imagesCase,
  {
    name: "helm installs the chart on nodes that are all new: the driver is registered on each, and no startup taint is left",
    isFoundation: true,
    run: async (context) => {
      const names = context.cluster.nodes.map((node) => node.name);
      await addStartupTaint(context);
      await context.progress.step("helm install", () => context.release.install());
      const areAll = async (): Promise<boolean> => isDeepStrictEqual(await registeredNodes(context), names);
      await waitUntil("the driver to be registered on every node", areAll, { timeoutMs: 30_000, intervalMs: 500 });
      for (const name of names) await withoutStartupTaint(context, name);
    },
  },
];

async function loadImages({ outerPid, signal, progress, cluster, directory, closures }: CaseContext): Promise<void> {
  await progress.step("npm run images", () => buildImages(outerPid, signal));
  const files = readImages().map((image) => image.file);
  files.push(await writePublicImage(directory.path, closures.physicalPath(closures.busybox)));
  await progress.step("load them on every node", async () => {
    for (const file of files) await cluster.loadImage(file, { signal });
  });
}

/** Names of the nodes on which the kubelet knows the driver. */
export async function registeredNodes({ kubectl }: Pick<CaseContext, "kubectl">): Promise<readonly string[]> {
  const drivers = '{range .items[*]}{.metadata.name}:{.spec.drivers[*].name}{"\\n"}{end}';
  const lines = (await kubectl.run(["get", "csinodes", "--output", `jsonpath=${drivers}`])).trim().split("\n");
  return lines
    .filter((line) => line.split(":")[1]?.split(" ").includes(DRIVER_NAME))
    .map((line) => line.split(":")[0] ?? "");
}
