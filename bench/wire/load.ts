/*
 * The client, in a process of its own: `node load.js PORT WORKLOAD MILLISECONDS`. Says exchanges a second.
 */
import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { type Workload, type WorkloadName, workloads } from "./workloads.ts";

const port = Number(process.argv[2]);
const workload: Workload = workloads[process.argv[3] as WorkloadName];
const says = Buffer.from(workload.says, "latin1");
const warmUpMs = 500;
const durationMs = Number(process.argv[4]);

let exchanges = 0;
let over = false;

function converse(): void {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", (error) => {
    if (!over) {
      throw error;
    }
  });
  if (workload.opening === undefined) {
    socket.on("connect", () => repeat(socket));
  } else {
    socket.on("connect", () => socket.write(workload.opening!.says, "latin1"));
    let left = workload.opening.hears;
    const onData = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left === 0) {
        socket.off("data", onData);
        repeat(socket);
      }
    };
    socket.on("data", onData);
  }
}

function repeat(socket: Socket): void {
  const { hears, counts, reconnects } = workload;
  let left = hears;
  socket.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left > 0) {
      return;
    }
    if (left < 0) {
      throw new Error(`${-left} bytes more than expected: ${chunk.toString("latin1", 0, 300)}`);
    }
    exchanges += counts;
    left = hears;
    if (reconnects) {
      socket.destroy();
      converse();
    } else {
      socket.write(says);
    }
  });
  socket.write(says);
}

for (let connection = 0; connection < workload.connections; connection++) {
  converse();
}
setTimeout(() => {
  const start = performance.now();
  exchanges = 0;
  setTimeout(() => {
    over = true;
    process.stdout.write(`${(exchanges / (performance.now() - start)) * 1000}\n`);
    process.exit();
  }, durationMs);
}, warmUpMs);
