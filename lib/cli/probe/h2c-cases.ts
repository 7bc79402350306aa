import { valuesOf } from "./answers.ts";
import { type Case, get, type Judgement, type Plan, post, type Seen } from "./case.ts";
import { fails, ok, ordinary, switchIn, warning } from "./judgement.ts";
import { faultOfHandshake, offerOfWebSocket } from "./websocket-cases.ts";

/** As curl 7.88 and the HttpClient of Java 17 say them. */
const settingsOfCurl = "AAMAAABkAAQCAAAAAAIAAAAA";
const settingsOfJava = "AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA";

/** What curl --http2 adds to a request. */
export const offerOfHttp2: readonly string[] = [
  "Connection: Upgrade, HTTP2-Settings",
  "Upgrade: h2c",
  `HTTP2-Settings: ${settingsOfCurl}`,
];

/** The client's preface and an empty SETTINGS frame (RFC 7540 section 3.5). */
const opening = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

const frameType = { headers: 1, settings: 4 } as const;
const flagAck = 1;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
}

/** The headers of the frames that have come whole (RFC 7540 section 4.1). */
function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) {
      break;
    }
    frames.push({ type: bytes[at + 3]!, flags: bytes[at + 4]!, stream: bytes.readUInt32BE(at + 5) & 0x7fff_ffff });
    at = end;
  }
  return frames;
}

const isSettings = ({ type, flags, stream }: Frame): boolean =>
  type === frameType.settings && (flags & flagAck) === 0 && stream === 0;
const isAnswer = ({ type, stream }: Frame): boolean => type === frameType.headers && stream === 1;

/** Bytes that do not begin with SETTINGS never get better. */
function enough(bytes: Buffer): boolean {
  const frames = framesIn(bytes);
  return (bytes.length >= 9 && bytes[3] !== frameType.settings) || frames.some(isAnswer);
}

function asking(sends: string, more: Partial<Plan> = {}): Plan {
  return { sends, switched: opening, enough, ...more };
}

/** RFC 7540 section 3.2: 101, SETTINGS, and the answer on stream 1; or the answer over HTTP/1.1. */
function answeredEitherWay(seen: Seen, without: Seen): Judgement {
  const answer = switchIn(seen);
  if (answer === undefined) {
    return ordinary(seen, without);
  }
  const [first, ...frames] = framesIn(seen.rest);
  if (first === undefined || !isSettings(first)) {
    return fails("101, and then no SETTINGS frame");
  }
  return frames.some(isAnswer) ? ok("101, answered on stream 1") : fails("101, and then no answer on stream 1");
}

/** RFC 7540 section 3.2, which RFC 9113 has left out: clients offer it all the same. */
export const h2cCases: readonly Case[] = [
  {
    id: "h2c-curl",
    title: "h2c as curl offers it: an answer, or a right 101",
    clause: "RFC 7540 section 3.2",
    plan: (target) => asking(get(target, ["User-Agent: curl/7.88.1", "Accept: */*", ...offerOfHttp2])),
    beside: "without the offer",
    judge: answeredEitherWay,
  },
  {
    id: "h2c-java",
    title: "h2c as Java offers it, with a length of 0",
    clause: "RFC 7540 section 3.2",
    plan: (target) =>
      asking(
        [
          `GET ${target.path} HTTP/1.1`,
          "Connection: Upgrade, HTTP2-Settings",
          "Content-Length: 0",
          `Host: ${target.authority}`,
          `HTTP2-Settings: ${settingsOfJava}`,
          "Upgrade: h2c",
          "User-Agent: Java-http-client/17.0.15",
          "\r\n",
        ].join("\r\n"),
      ),
    beside: "without the offer",
    judge: answeredEitherWay,
  },
  {
    id: "h2c-post",
    title: "h2c with content: an answer, or a right 101",
    clause: "RFC 7540 section 3.2",
    plan: (target) => asking(post(target, offerOfHttp2)),
    beside: "without the offer",
    judge: answeredEitherWay,
  },
  {
    id: "h2c-list",
    title: "h2c before WebSocket in one list",
    clause: "RFC 9110 section 7.8",
    plan: (target) => {
      const [connection, , settings] = offerOfHttp2;
      const fields = [connection!, "Upgrade: h2c, websocket", settings!, ...offerOfWebSocket.slice(2)];
      return asking(get(target, fields));
    },
    beside: "without the offer",
    judge: (seen, without) => {
      const answer = switchIn(seen);
      if (answer === undefined || valuesOf(answer, "upgrade")[0]?.toLowerCase() === "h2c") {
        return answeredEitherWay(seen, without);
      }
      const fault = faultOfHandshake(answer);
      return fault === undefined ? ok("101, websocket") : fails(fault);
    },
  },
  {
    id: "h2c-expect",
    title: "100 comes before the 101",
    clause: "RFC 9110 section 7.8",
    plan: (target) => {
      const whole = post(target, [...offerOfHttp2, "Expect: 100-continue"]);
      return asking(whole.slice(0, -"hello".length), { content: "hello" });
    },
    beside: "without the offer",
    judge: (seen, without) => {
      const [first] = seen.answers;
      return first?.status === 101 ? fails("101, and no 100 before it") : answeredEitherWay(seen, without);
    },
  },
  {
    id: "h2c-no-settings",
    title: "h2c without HTTP2-Settings is not switched to",
    clause: "RFC 7540 section 3.2.1",
    plan: (target) => ({ sends: get(target, ["Connection: Upgrade", "Upgrade: h2c"]) }),
    beside: "without the offer",
    judge: ordinary,
  },
  {
    id: "h2c-two-settings",
    title: "h2c with two HTTP2-Settings is not switched to",
    clause: "RFC 7540 section 3.2.1",
    plan: (target) => ({ sends: get(target, [...offerOfHttp2, offerOfHttp2[2]!]) }),
    beside: "without the offer",
    judge: ordinary,
  },
  {
    id: "h2c-not-named",
    title: "h2c without HTTP2-Settings in Connection",
    clause: "RFC 7540 section 3.2.1",
    plan: (target) => ({ sends: get(target, ["Connection: Upgrade", ...offerOfHttp2.slice(1)]) }),
    beside: "without the offer",
    judge: (seen, without) =>
      switchIn(seen) === undefined
        ? ordinary(seen, without)
        : warning("101: what an intermediary passed on unknowingly is taken"),
  },
  {
    id: "h2",
    title: "h2 is no token of Upgrade",
    clause: "RFC 7540 section 3.2",
    plan: (target) => ({ sends: get(target, [offerOfHttp2[0]!, "Upgrade: h2", offerOfHttp2[2]!]) }),
    beside: "without the offer",
    judge: ordinary,
  },
];
