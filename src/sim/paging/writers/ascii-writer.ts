/** Digits and commas as bytes, gathered in pieces of 256 KiB. */
const pieceBytes = 262_144;
/** What a line of a few numbers needs at most. */
const lineBytes = 128;

export class AsciiWriter {
  private piece = new Uint8Array(pieceBytes);
  private filled = 0;

  text(text: string): void {
    for (let index = 0; index < text.length; index++) this.piece[this.filled++] = text.charCodeAt(index);
  }

  /** An integer from 0 to 2^53 - 1, with zeros before it where it has fewer digits than `atLeast`. */
  integer(value: number, atLeast = 1): void {
    const { piece } = this;
    let digits = 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
    digits = Math.max(digits, atLeast);
    const end = this.filled + digits;
    let rest = value;
    for (let at = end - 1; at >= this.filled; at--) {
      const tenth = Math.floor(rest / 10);
      piece[at] = 48 + rest - 10 * tenth;
      rest = tenth;
    }
    this.filled = end;
  }

  /** Whether the next line may not fit: then `take` what there is. */
  get isFull(): boolean {
    return this.filled > pieceBytes - lineBytes;
  }

  take(): Uint8Array {
    const taken = this.piece.subarray(0, this.filled);
    this.piece = new Uint8Array(pieceBytes);
    this.filled = 0;
    return taken;
  }
}
