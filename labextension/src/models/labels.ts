import type { IWorker } from '../client/status';

/** What a run requires that does not say. */
export const DEFAULT_LABEL = 'default';

/** The labels that workers offer, each once, in order. */
export function labelsOf(workers: readonly IWorker[]): string[] {
  return [...new Set(workers.map(worker => worker.label))].sort();
}

/** The kernels that the workers with a label have; empty when none of them tells. */
export function kernelsOf(workers: readonly IWorker[], label: string): string[] {
  const those = workers.filter(worker => worker.label === (label.trim() || DEFAULT_LABEL));
  return [...new Set(those.flatMap(worker => worker.kernels ?? []))].sort();
}

/** Whether no worker would take a run with this label at present. */
export function isUnoffered(workers: readonly IWorker[], label: string): boolean {
  return label.trim() !== '' && !labelsOf(workers).includes(label.trim());
}
