import { Server, ServerCredentials } from "@grpc/grpc-js";
import { serviceDefinition } from "@niphas/testing";
import { endWithParent } from "../../server-process.ts";

/** `grpc-noop-server.ts SOCKET`: a CSI node service whose publish does nothing; what gRPC alone costs. */

endWithParent();
const [socketPath = ""] = process.argv.slice(2);
const server = new Server();
const noop = (_call: unknown, callback: (error: null, response: object) => void): void => callback(null, {});
server.addService(serviceDefinition("csi.v1.Node"), { NodePublishVolume: noop });
server.bindAsync(`unix://${socketPath}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
  process.stdout.write(`${socketPath}\n`);
});
