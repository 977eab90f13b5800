import { pluginContainer, renewPlugin, replacingPlugin } from "./plugin.ts";
import { containersOf, crictl, sandboxOf } from "./runtime.ts";
import type { Scene } from "./scene.ts";
import { survival } from "./survival.ts";

export const containerCases = [
  survival({
    name: "crictl stop and rm of the plugin's container, then rmp of its pod",
    nodeNumber: 2,
    disturb: async ({ context, node }) => {
      const { progress } = context;
      await progress.step("crictl stop", () =>
        replacingPlugin(context, node, async () => crictl(node, "stop", (await pluginContainer(node)).id)),
      );
      await progress.step("crictl rm", () =>
        replacingPlugin(context, node, async () => {
          const { id } = await pluginContainer(node);
          await crictl(node, "stop", id);
          await crictl(node, "rm", id);
        }),
      );
      await progress.step("crictl rmp", () =>
        replacingPlugin(context, node, async () => crictl(node, "rmp", await pluginSandbox(node))),
      );
      await renewPlugin(context, node);
    },
  }),
  survival({
    name: "crictl stop and rm of one pod's container and rmp of another pod: started again on the very same mounts",
    nodeNumber: 3,
    harm: "restarted",
    disturb: async ({ context, node }) => {
      const { name: namespace } = context.namespace;
      const web = (await containersOf(node)).find((each) => each.isRunning && each.pod === `${namespace}/web`);
      await crictl(node, "stop", web?.id ?? "");
      await crictl(node, "rm", web?.id ?? "");
      await crictl(node, "rmp", await sandboxOf(node, `${namespace}/tree`));
    },
  }),
];

async function pluginSandbox(node: Scene["node"]): Promise<string> {
  const plugin = (await containersOf(node)).find((each) => each.isRunning && each.container === "plugin");
  return sandboxOf(node, plugin?.pod ?? "");
}
