import { RequestHeadParser } from "../../../lib/http/request-head.ts";
import { warmUpHeadParser } from "../../../lib/http/warm-up.ts";
import { type Level, type Peer, threeNames, verdictSum } from "../peer.ts";

warmUpHeadParser(); // as the server does when it is loaded

type Sum = (parser: RequestHeadParser) => number;

function verdictOf(parser: RequestHeadParser): number {
  return verdictSum(parser.minorVersion, parser.keepAlive, parser.wantsUpgrade) + parser.contentLength;
}

function targetOf(parser: RequestHeadParser): number {
  return verdictOf(parser) + parser.method.length + parser.target.length;
}

const sumOfLevel: Readonly<Record<Level, Sum>> = {
  verdict: verdictOf,
  target: targetOf,
  three(parser) {
    let sum = targetOf(parser);
    for (let n = 0; n < threeNames.length; n++) {
      sum += parser.get(threeNames[n]!)?.length ?? 0;
    }
    return sum;
  },
  all(parser) {
    let sum = targetOf(parser);
    for (const [name, value] of parser.fields()) {
      sum += name.length + value.length;
    }
    return sum;
  },
};

export function turnout(level: Level): Peer {
  const parser = new RequestHeadParser({ maxHeadBytes: 16_384, maxTargetBytes: 8000, maxFields: 100 });
  const sumOf = sumOfLevel[level];
  return {
    read(chunks): number {
      let sum = 0;
      for (let n = 0; n < chunks.length; n++) {
        const chunk = chunks[n]!;
        for (let at = 0; at < chunk.length; ) {
          at = parser.read(chunk, at);
          if (at < 0) {
            break;
          }
          sum += sumOf(parser);
        }
      }
      return sum;
    },
  };
}
