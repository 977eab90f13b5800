import { createServer } from "node:net";

/** `sink.ts PORT`: takes one connection, reads it to its end and prints bytes and milliseconds from the first byte on. */

const server = createServer((socket) => {
  let sizeBytes = 0;
  let startedAtMs = 0;
  socket.on("data", (chunk) => {
    startedAtMs ||= performance.now();
    sizeBytes += chunk.length;
  });
  socket.once("end", () => {
    process.stdout.write(`${JSON.stringify({ sizeBytes, elapsedMs: performance.now() - startedAtMs })}\n`);
    server.close();
    socket.end();
  });
});
server.listen(Number(process.argv[2]), "0.0.0.0", () => process.stdout.write("listening\n"));
