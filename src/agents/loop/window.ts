/** Stretches of a conversation, and which of them leave the window when it fills up. */

/** Pages that follow one another and leave the window together: an answer with the results of its tool calls, a message, or several such. */
export interface Stretch {
  /** Number of the first page. */
  readonly first: number;
  readonly count: number;
  readonly tokens: number;
  /** 0 to 1. */
  readonly importance: number;
}

/** What leaves so that at most `target` of `tokens` are left, as far as that goes: the least important first, of these the oldest. */
export function stretchesToDrop(settled: readonly Stretch[], tokens: number, target: number): Stretch[] {
  const order = [...settled].sort((a, b) => a.importance - b.importance || a.first - b.first);
  const leaving: Stretch[] = [];
  let left = tokens;
  for (const stretch of order) {
    if (left <= target) break;
    left -= stretch.tokens;
    leaving.push(stretch);
  }
  return leaving;
}

/** Puts `stretch` behind `list`. Joins two neighbours of one importance while they are no more than `most` tokens: what a checkpoint tells of a long conversation stays short. */
export function settle(list: Stretch[], stretch: Stretch, most: number): void {
  const last = list.at(-1);
  const joins =
    last !== undefined &&
    last.importance === stretch.importance &&
    last.first + last.count === stretch.first &&
    last.tokens + stretch.tokens <= most;
  if (joins) list[list.length - 1] = joined(last, stretch);
  else list.push(stretch);
}

export function joined(a: Stretch, b: Stretch): Stretch {
  return { ...a, count: a.count + b.count, tokens: a.tokens + b.tokens };
}
