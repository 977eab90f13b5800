import { describeViewStrategy } from "@niphas/testing";
import { TreeStrategy } from "@niphas/views";

describeViewStrategy("tree", { needs: [], makeStrategy: (places) => new TreeStrategy(places) });
