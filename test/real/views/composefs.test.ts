import { describeViewStrategy } from "@niphas/testing";
import { ComposefsStrategy, LinuxMounter } from "@niphas/views";

describeViewStrategy("composefs", {
  needs: ["mount.composefs"],
  makeStrategy: ({ viewsDir }) => new ComposefsStrategy({ mounter: new LinuxMounter() }, { viewsDir }),
});
