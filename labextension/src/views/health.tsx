import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { StatusModel } from '../models/status';
import { useSignal } from './hooks';

interface IHealth {
  level: 'good' | 'warn' | 'bad' | 'unknown';
  text: string;
  hint?: string;
}

/** In one line whether runs will be performed and, if not, what to do. */
export function HealthLine(props: { model: StatusModel; trans: TranslationBundle }): JSX.Element {
  useSignal(props.model.changed);
  const { level, text, hint } = healthOf(props.model, props.trans);
  const current = props.model.current;
  const hosts = current?.workers.map(({ host, pid }) => `${host} (${pid})`) ?? [];
  return (
    <div className="jp-Omega-health" data-level={level} role="status">
      <span className="jp-Omega-dot" aria-hidden="true" />
      <span
        className="jp-Omega-healthText"
        title={[current?.repository.address, ...hosts].join('\n')}
      >
        {text}
      </span>
      {hint && <div className="jp-Omega-hint">{hint}</div>}
    </div>
  );
}

function healthOf(model: StatusModel, trans: TranslationBundle): IHealth {
  const { current, error } = model;
  if (error !== null) {
    return {
      level: 'bad',
      text: model.reached
        ? trans.__('The repository is not reached')
        : trans.__('The server does not answer'),
      hint: trans.__('%1 Trying again by itself.', sentence(error))
    };
  }
  if (!current) {
    return { level: 'unknown', text: trans.__('Looking for workers…') };
  }
  if (!current.broker.healthy) {
    return {
      level: 'bad',
      text: trans.__('The broker is not reached'),
      hint: trans.__(
        '%1 Runs wait in the repository and start by themselves when it is back.',
        sentence(current.broker.message)
      )
    };
  }
  const workers = current.workers.length;
  if (workers === 0) {
    return {
      level: 'warn',
      text: trans.__('No worker is alive'),
      hint: trans.__('Runs wait in the queue. Start a worker in a terminal: omega worker')
    };
  }
  return { level: 'good', text: trans._n('%1 worker ready', '%1 workers ready', workers) };
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) || !text ? text : `${text}.`;
}
