import { Random } from "../support/random.ts";
import { Conversation, type Outcome, type Target } from "./conversation.ts";
import { get, halfClose, https, pipeline, post, slowReader, slowWriter } from "./http-conversations.ts";
import { garbage, halfContent, halfHead, reset, silence, stalled } from "./misbehaviour.ts";
import { serve } from "./part.ts";
import { echo, h2c, http2, http2InTls, webSocket } from "./switched-conversations.ts";

const kinds = {
  get,
  https,
  pipeline,
  post,
  halfClose,
  slowWriter,
  slowReader,
  webSocket,
  echo,
  h2c,
  http2,
  http2InTls,
  reset,
  garbage,
  halfHead,
  halfContent,
  silence,
  stalled,
};

/** What became of all that was sent in conversations of one kind. */
export interface Tally extends Record<Outcome, number> {
  conversations: number;
  sent: number;
  /** Sent, without anything that became of it; or a connection that could not be made, or brought what it should not. */
  lost: number;
  /** Of the first few that were lost. */
  readonly reasons: string[];
}

const tallies: Record<string, Tally> = Object.fromEntries(
  Object.keys(kinds).map((kind) => [
    kind,
    { conversations: 0, sent: 0, answered: 0, told: 0, cut: 0, lost: 0, reasons: [] },
  ]),
);

const workersOfAKind = 2;
const seed = Number(process.argv[2]);
let target: Target = { port: 0, draining: false, opening: 0 };
let working = false;
let workers: readonly Promise<void>[] = [];

async function work(kind: keyof typeof kinds, random: Random): Promise<void> {
  const tally = tallies[kind]!;
  while (working) {
    const talk = new Conversation(target, random);
    let reason: string | undefined;
    try {
      await kinds[kind](talk);
    } catch (error) {
      const { message, cause } = error as Error;
      reason = `${message.slice(0, 300)} ${cause ?? ""}`;
    } finally {
      talk.close();
    }
    for (const outcome of talk.outcomes) {
      tally[outcome]++;
    }
    tally.conversations++;
    tally.sent += talk.sent;
    const lost = talk.sent - talk.outcomes.length;
    if (lost > 0 || reason !== undefined) {
      tally.lost += Math.max(1, lost);
      if (tally.reasons.length < 5) {
        tally.reasons.push(`${reason ?? "not accounted for"}${talk.target.draining ? " (draining)" : ""}`);
      }
    }
    await talk.think();
  }
}

/** Sets to work, at a server on this port. */
function go(port: number): void {
  target = { port, draining: false, opening: 0 };
  working = true;
  const names = Object.keys(kinds) as (keyof typeof kinds)[];
  workers = names.flatMap((kind, index) =>
    Array.from({ length: workersOfAKind }, (_, worker) => work(kind, new Random(seed + index * 100 + worker))),
  );
}

/** From here on goes to another server. Resolves when no connection to the one before is being made any more. */
async function move(port: number): Promise<void> {
  const before = target;
  target = { port, draining: false, opening: 0 };
  before.draining = true;
  while (before.opening > 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Ends what is under way, and begins nothing new. */
async function rest(): Promise<void> {
  working = false;
  await Promise.all(workers);
}

/** What this part does. */
export type ClientDuties = {
  readonly go: (port: number) => void;
  readonly move: (port: number) => Promise<void>;
  readonly rest: () => Promise<void>;
  readonly tallies: () => Readonly<Record<string, Tally>>;
};

serve({ go, move, rest, tallies: () => tallies } satisfies ClientDuties);
