/** Run by webhook.ts: node webhook-server.ts ADDRESS CERTIFICATE KEY. Prints its port. */
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { text } from "node:stream/consumers";

interface AdmissionReview {
  readonly request: { readonly uid: string; readonly name: string };
}

const [address = "", certificate = "", key = ""] = process.argv.slice(2);

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, async (request, response) => {
  const review: AdmissionReview = JSON.parse(await text(request));
  const { uid, name } = review.request;
  const answer = { uid, allowed: name !== "refused" };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: answer }));
});

server.listen(0, address, () => {
  const bound = server.address();
  if (bound !== null && typeof bound === "object") process.stdout.write(`${bound.port}\n`);
});
