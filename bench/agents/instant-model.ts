import type { ModelPort } from '../../src/host/ports.ts';

/** Asks for the tool `count` as often as `limit` says, and answers at once; tells `onTurn` the number of each turn. */
export function instantModel(limit: number, onTurn: (turn: number) => void = () => {}): ModelPort {
  let turn = 0;
  return {
    call: () => {
      onTurn(turn);
      const isLast = turn === limit;
      return Promise.resolve({
        text: isLast ? 'done' : 'next',
        toolCalls: isLast ? [] : [{ id: `call-${turn}`, tool: 'count', arguments: { turn: turn++ } }],
        finish: isLast ? ('stop' as const) : ('tool-calls' as const),
        usage: {},
      });
    },
  };
}
