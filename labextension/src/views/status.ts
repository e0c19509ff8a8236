import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';

import type { IRun, RunStatus } from '../client/runs';
import { isCall } from '../client/runs';
import {
  cancelledIcon,
  failedIcon,
  lostIcon,
  progressIcon,
  queuedIcon,
  succeededIcon
} from '../icons';
import { formatClock } from './format';

export const STATUS_ICONS: Record<RunStatus, LabIcon> = {
  queued: queuedIcon,
  running: progressIcon,
  succeeded: succeededIcon,
  failed: failedIcon,
  cancelled: cancelledIcon,
  lost: lostIcon
};

/** A status in the reader's language. */
export function statusLabel(status: RunStatus, trans: TranslationBundle): string {
  const labels: Record<RunStatus, string> = {
    queued: trans.__('Queued'),
    running: trans.__('Running'),
    succeeded: trans.__('Succeeded'),
    failed: trans.__('Failed'),
    cancelled: trans.__('Cancelled'),
    lost: trans.__('Lost')
  };
  return labels[status];
}

/** Where a run stands, in a few words: `Running · cell 3 of 8`. */
export function standing(run: IRun, trans: TranslationBundle): string {
  const label = statusLabel(run.status, trans);
  if (run.cancel_requested && run.status === 'running') {
    return trans.__('Being cancelled…');
  }
  const { done, total } = run.progress;
  if (run.status === 'running') {
    if (isCall(run)) {
      return label;
    }
    return total
      ? trans.__('%1 · cell %2 of %3', label, Math.min(done + 1, total), total)
      : trans.__('%1 · starting the kernel', label);
  }
  if (run.status === 'queued' && run.retry_at) {
    return trans.__(
      '%1 · tried again at %2, attempt %3 of %4',
      label,
      formatClock(run.retry_at),
      run.attempt,
      run.max_attempts
    );
  }
  if (run.status === 'failed' && total) {
    return trans.__('%1 · cell %2 of %3', label, Math.min(done + 1, total), total);
  }
  return label;
}
