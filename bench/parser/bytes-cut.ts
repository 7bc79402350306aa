import type { Panel } from "../results/line-chart.ts";
import { median } from "../results/statistics.ts";
import { corpora, pieces } from "./corpora.ts";
import { peers } from "./peers/index.ts";

const sizes = [1, 2, 4, 16, 64, 256, 1024, 8192];
const shown = { turnout: "turnout", "node:http": "Node's llhttp" } as const;
const blockMs = 20;

/** Nanoseconds a byte of an 8 KiB head that comes in chunks of so many bytes: linear, if that has a bound. */
export function bytesCut(rounds: number): Panel {
  const { bytes } = corpora.find(({ key }) => key === "long")!;
  const lines = Object.entries(shown).map(([name, peer]) => ({ name, read: peers[peer]!.make("verdict").read }));
  const seen = lines.map(() => sizes.map((): number[] => []));
  for (let round = 0; round < rounds + 1; round++) {
    sizes.forEach((size, at) => {
      const chunks = pieces(bytes, size);
      lines.forEach(({ read }, n) => {
        const ns = perByte(() => read(chunks), bytes.length);
        if (round > 0) {
          seen[n]![at]!.push(ns);
        }
      });
    });
  }
  return {
    title: "smaller chunks, each byte: bounded is good",
    grows: "bytes of each chunk of an 8 KiB head, the parser alone",
    unit: "ns",
    logarithmic: true,
    lines: lines.map(({ name }, n) => ({ name, points: sizes.map((x, at) => ({ x, y: median(seen[n]![at]!) })) })),
  };
}

function perByte(work: () => void, bytes: number): number {
  const start = process.hrtime.bigint();
  const until = start + BigInt(blockMs * 1e6);
  let count = 0;
  let end = start;
  do {
    work();
    count++;
    end = process.hrtime.bigint();
  } while (end < until);
  return Number(end - start) / count / bytes;
}
