import { calculate, calculatorTool } from './calculator.ts';
import { search, searchTool } from './search.ts';
import type { ToolImplementation } from './tool-implementation.ts';

/** The tools that come with the kernel: they need nothing of the world, so they run the same simulated and live. */
export const builtInTools: readonly ToolImplementation[] = [
  { spec: calculatorTool, run: (args) => calculate(args as { expression: string }) },
  {
    spec: searchTool,
    run: (args) => ({ ok: true, value: search(args as { query: string; limit?: number }) }),
  },
];
