import type { Command } from 'commander';
export function registerLineage(_: Command): void {}
