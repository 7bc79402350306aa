import { Connection } from "./connection.ts";
import { phaseChange, wire } from "./diagnostics.ts";
import type { Phase } from "./phase.ts";

/** A connection that tells of its bytes and its phases. Others are not slowed down by so much as the question. */
export class TracedConnection extends Connection {
  /** Whether anybody wants connections to be traced that begin now. */
  static get wanted(): boolean {
    return wire.hasSubscribers || phaseChange.hasSubscribers;
  }

  override become(phase: Phase, deadlineMs: number): void {
    const from = this.phase;
    super.become(phase, deadlineMs);
    if (phase !== from) {
      this.context.observer.became(this, from, phase);
    }
  }

  override receive(chunk: Buffer): void {
    this.context.observer.wire(this, "in", chunk);
    super.receive(chunk);
  }

  override writeLatin1(text: string): boolean {
    this.context.observer.wire(this, "out", Buffer.from(text, "latin1"));
    return super.writeLatin1(text);
  }

  override writeBytes(bytes: Uint8Array): boolean {
    this.context.observer.wire(this, "out", bytes);
    return super.writeBytes(bytes);
  }

  override gone(): void {
    if (!this.closed) {
      this.context.observer.became(this, this.phase, "closed");
    }
    super.gone();
  }
}
