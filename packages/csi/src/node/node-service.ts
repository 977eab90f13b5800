import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type { PublishVolume } from "../publish/publish-volume.ts";
import type { NodePublishVolumeRequest, NodeUnpublishVolumeRequest } from "../publish/request.ts";
import type { UnpublishVolume } from "../publish/unpublish-volume.ts";
import type { RpcRunner } from "../server/rpc.ts";

/** The kubelet gives up after 2 minutes; every answer comes well before. */
const PUBLISH_BUDGET_MS = 100_000;
const UNPUBLISH_BUDGET_MS = 20_000;
const INFO_BUDGET_MS = 3000;

/** csi.v1.Node. What is not named here answers UNIMPLEMENTED. */
export function nodeService(
  components: { readonly rpc: RpcRunner; readonly publish: PublishVolume; readonly unpublish: UnpublishVolume },
  init: { readonly nodeId: string },
): UntypedServiceImplementation {
  const { rpc, publish, unpublish } = components;
  return {
    NodePublishVolume: rpc.handler<NodePublishVolumeRequest>({
      name: "NodePublishVolume",
      budgetMs: PUBLISH_BUDGET_MS,
      handle: async (request, context) => {
        await publish.publish(request, context);
        return {};
      },
    }),
    NodeUnpublishVolume: rpc.handler<NodeUnpublishVolumeRequest>({
      name: "NodeUnpublishVolume",
      budgetMs: UNPUBLISH_BUDGET_MS,
      handle: async (request, context) => {
        await unpublish.unpublish(request, context);
        return {};
      },
    }),
    NodeGetCapabilities: rpc.handler({
      name: "NodeGetCapabilities",
      budgetMs: INFO_BUDGET_MS,
      handle: () => ({ capabilities: [] }),
    }),
    NodeGetInfo: rpc.handler({
      name: "NodeGetInfo",
      budgetMs: INFO_BUDGET_MS,
      handle: () => ({ node_id: init.nodeId }),
    }),
  };
}
